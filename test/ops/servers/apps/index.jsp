<%@ page contentType="text/plain" trimDirectiveWhitespaces="true" import="java.io.*,java.nio.file.*" %><%--
The rig's application for Tomcat. What it has to do is said in ../../README.md.
--%><%
String path = request.getRequestURI();
String text = "hello";
if (path.equals("/refuse")) {
  response.setStatus(403);
  text = "refused";
} else if (path.equals("/large")) {
  text = "large ".repeat(5000);
} else if (path.equals("/order")) {
  long length = 0;
  byte[] piece = new byte[65536];
  InputStream in = request.getInputStream();
  for (int got = in.read(piece); got >= 0; got = in.read(piece)) length += got;
  byte[] line = (request.getHeader("X-Id") + "\n").getBytes();
  Files.write(Paths.get(System.getenv("RIG_JOURNAL")), line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  text = "order " + length;
}
String wait = request.getQueryString();
if (wait != null && wait.startsWith("ms=")) Thread.sleep(Long.parseLong(wait.substring(3)));
response.setContentLength(text.length());
out.write(text);
%>
