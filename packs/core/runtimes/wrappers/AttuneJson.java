// JSON for Java actions, which the standard library does not have: objects are maps that keep their order, arrays lists,
// numbers Long, BigInteger or Double; whatever else an action returns becomes text. Each action may use it too.
import java.math.BigInteger;
import java.util.*;
import static java.util.stream.Collectors.joining;

public final class AttuneJson {
  private final String text;
  private int at;
  private AttuneJson(String text) { this.text = text; }

  public static Object read(String text) {
    if (!text.startsWith("{")) throw new IllegalArgumentException("run needs parameter_format: json");
    return new AttuneJson(text).value();
  }

  public static String write(Object it) {
    if (it == null || it instanceof Boolean || it instanceof Number) return "" + it;
    if (it instanceof Map) return ((Map<?, ?>) it).entrySet().stream()
        .map(entry -> write("" + entry.getKey()) + ":" + write(entry.getValue())).collect(joining(",", "{", "}"));
    if (it instanceof Collection)
      return ((Collection<?>) it).stream().map(AttuneJson::write).collect(joining(",", "[", "]"));
    return it.toString().replace("\\", "\\\\").replace("\"", "\\\"").chars()
        .mapToObj(c -> c < ' ' ? String.format("\\u%04x", c) : "" + (char) c).collect(joining("", "\"", "\""));
  }

  private Object value() {
    char first = next();
    if (first == '"') return string();
    if (first != '{' && first != '[') return word();
    Map<String, Object> map = new LinkedHashMap<>();
    List<Object> list = new ArrayList<>();
    for (at++; next() != '}' && next() != ']'; at += next() == ',' ? 1 : 0) {
      String key = first == '{' ? string() : null;
      at += next() == ':' ? 1 : 0;
      if (first == '{') map.put(key, value()); else list.add(value());
    }
    at++;
    return first == '{' ? map : list;
  }

  private char next() {
    while (Character.isWhitespace(text.charAt(at))) at++;
    return text.charAt(at);
  }

  private String string() {
    StringBuilder out = new StringBuilder();
    for (at++; text.charAt(at) != '"'; at++) out.append(text.charAt(at) == '\\' ? escaped() : text.charAt(at));
    at++;
    return out.toString();
  }

  private char escaped() {
    int known = "bfnrtu".indexOf(text.charAt(++at));
    if (known == 5) return (char) Integer.parseInt(text.substring(at + 1, (at += 4) + 1), 16);
    return known < 0 ? text.charAt(at) : "\b\f\n\r\t".charAt(known);
  }

  private Object word() {
    int from = at;
    while (at < text.length() && ",]} \t\r\n".indexOf(text.charAt(at)) < 0) at++;
    String word = text.substring(from, at);
    if (word.matches("-?\\d+")) return word.length() < 19 ? (Object) Long.valueOf(word) : new BigInteger(word);
    return word.equals("null") ? null : word.matches("true|false") ? (Object) Boolean.valueOf(word) : Double.valueOf(word);
  }
}
