import java.util.*;

public class Describe {
  public static Object run(Map<String, Object> given, Map<String, String> secrets, Map<String, Object> context) {
    List<?> numbers = (List<?>) given.get("numbers");
    String token = secrets.get("example_token");
    Map<String, Object> result = new HashMap<>();
    result.put("greeting", "Hello, " + given.get("name") + "!");
    result.put("sum", numbers.stream().mapToLong(number -> (Long) number).sum());
    result.put("numbers", numbers);
    result.put("is_first", context.get("attempt").equals(1L));
    result.put("token_length", token == null ? null : token.length());
    return result;
  }
}
