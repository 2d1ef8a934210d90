// Starts a Java action: `public static Object run(Map parameters[, Map secrets[, Map context]])` (or FUNCTION) of the
// entry point's class; a class without it is a plain program with a `main`, which finds stdin as it is. Nothing but a
// JDK 11+. Usage: java -Dattune.wrapper=THIS THIS ENTRY_POINT [FUNCTION]; AttuneJson.java is compiled with the action.
import java.io.*;
import java.lang.reflect.*;
import java.net.*;
import java.nio.file.*;
import java.util.*;
import java.util.stream.*;
import javax.tools.ToolProvider;

public class AttuneAction {
  static final Map<String, String> ENV = System.getenv();
  static Class<?> json;

  public static void main(String[] args) throws Exception {
    Path classes = Files.createTempDirectory(Path.of(ENV.getOrDefault("TMPDIR", "/tmp")), "classes");
    String[] options = {"-nowarn", "-proc:none", "-d", "" + classes, "-cp", System.getProperty("java.class.path")};
    String[] files = {args[0], "" + Path.of(System.getProperty("attune.wrapper")).resolveSibling("AttuneJson.java")};
    String[] all = Stream.concat(Stream.of(options), Stream.of(files)).toArray(String[]::new);
    if (ToolProvider.getSystemJavaCompiler().run(null, System.err, System.err, all) != 0) System.exit(1);
    URLClassLoader loader = new URLClassLoader(new URL[] {classes.toUri().toURL()});
    Class<?> own = loader.loadClass(Path.of(args[0]).getFileName().toString().replaceFirst("\\.java$", ""));
    json = loader.loadClass("AttuneJson");
    try {
      Method action = find(own, args.length > 1 && !args[1].isEmpty() ? args[1] : "run");
      if (action.getName().equals("main")) action.invoke(null, (Object) new String[0]);
      else give("ATTUNE_RESULT_FD", action.invoke(null, given(action.getParameterCount())));
    } catch (InvocationTargetException thrown) {
      report(thrown.getCause());
    } catch (ReflectiveOperationException | RuntimeException thrown) {
      report(thrown);
    }
  }

  static Method find(Class<?> own, String name) throws NoSuchMethodException {
    for (Method method : own.getMethods()) if (method.getName().equals(name)) return method;
    if (name.equals("run")) return own.getMethod("main", String[].class);
    throw new NoSuchMethodException("there is no public static method " + name);
  }

  static Object[] given(int count) throws Exception {
    byte[] all = System.in.readAllBytes();
    System.setIn(new ByteArrayInputStream(all)); // it offers it again
    Map<?, ?> document = (Map<?, ?>) json.getMethod("read", String.class).invoke(null, new String(all, "UTF-8"));
    return Stream.of("parameters", "secrets", "context").map(document::get).limit(count).toArray();
  }

  static void give(String variable, Object value) throws Exception {
    String text = (String) json.getMethod("write", Object.class).invoke(null, value);
    Files.writeString(Path.of("/dev/fd/" + ENV.getOrDefault(variable, "1")), text, StandardOpenOption.WRITE);
  }

  static void report(Throwable error) throws Exception {
    StringWriter trace = new StringWriter();
    error.printStackTrace(new PrintWriter(trace, true));
    String text = trace.toString().replaceAll("(?m)^\\s+at (java.base/jdk|jdk.compiler|.*AttuneAction).*\\R", "");
    System.err.print(text); // the author's own frames only
    String message = Objects.toString(error.getMessage(), "");
    Map<String, String> facts = Map.of("type", error.getClass().getSimpleName(), "message", message, "traceback", text);
    if (ENV.containsKey("ATTUNE_ERROR_FD")) give("ATTUNE_ERROR_FD", facts);
    System.exit(1);
  }
}
