package io.narthex.launch;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.encoder.EncoderBase;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/**
 * Configures logging before anything else runs: one line per event on standard error, logfmt or
 * JSON.
 */
final class Logging {
  private Logging() {}

  static void configure(String[] args) {
    String level = "info";
    String format = "logfmt";
    for (int i = 0; i < args.length; i++) {
      level = value(args, i, "--log.level", level);
      format = value(args, i, "--log.format", format);
    }
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    context.reset();
    Encoder<ILoggingEvent> encoder = new LineEncoder(format.equals("json"));
    encoder.setContext(context);
    encoder.start();
    ConsoleAppender<ILoggingEvent> console = new ConsoleAppender<>();
    console.setContext(context);
    console.setTarget("System.err");
    console.setEncoder(encoder);
    console.start();
    ch.qos.logback.classic.Logger root = context.getLogger("ROOT");
    root.setLevel(Level.toLevel(level, Level.INFO));
    root.addAppender(console);
    // libraries log only problems
    for (String noisy :
        new String[] {
          "org.eclipse.jetty", "org.glassfish", "org.apache.felix", "org.apache.lucene", "org.jvnet"
        }) {
      context.getLogger(noisy).setLevel(Level.WARN);
    }
    // Jersey warns of optional parts that are left out on purpose
    for (String warning :
        new String[] {
          "org.glassfish.jersey.internal.inject.Providers",
          "org.glassfish.jersey.message.internal.MessagingBinders",
          "org.glassfish.jersey.servlet.ServletContainer",
          "org.glassfish.jersey.servlet.WebComponent"
        }) {
      context.getLogger(warning).setLevel(Level.ERROR);
    }
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
  }

  private static String value(String[] args, int i, String flag, String otherwise) {
    if (args[i].startsWith(flag + "=")) {
      return args[i].substring(flag.length() + 1);
    }
    return args[i].equals(flag) && i + 1 < args.length ? args[i + 1] : otherwise;
  }

  /**
   * Writes one line per event with the four keys of Prometheus 3: {@code time}, {@code level},
   * {@code source}, {@code msg}; a stack trace follows as {@code stacktrace} in the same line. Line
   * breaks and control characters in messages are escaped.
   */
  static final class LineEncoder extends EncoderBase<ILoggingEvent> {
    private static final DateTimeFormatter TIME =
        DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSX", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private final boolean json;

    LineEncoder(boolean json) {
      this.json = json;
    }

    @Override
    public byte[] headerBytes() {
      return new byte[0];
    }

    @Override
    public byte[] footerBytes() {
      return new byte[0];
    }

    @Override
    public byte[] encode(ILoggingEvent event) {
      StringBuilder b = new StringBuilder(160);
      String logger = event.getLoggerName();
      String source = logger.substring(logger.lastIndexOf('.') + 1);
      String time = TIME.format(Instant.ofEpochMilli(event.getTimeStamp()));
      String level = event.getLevel().toString().toUpperCase(Locale.ROOT);
      if (json) {
        b.append("{\"time\":\"").append(time).append("\",\"level\":\"").append(level);
        b.append("\",\"source\":");
        quote(b, source);
        b.append(",\"msg\":");
      } else {
        b.append("time=").append(time).append(" level=").append(level);
        b.append(" source=").append(source).append(" msg=");
      }
      quote(b, event.getFormattedMessage());
      if (event.getThrowableProxy() != null) {
        b.append(json ? ",\"stacktrace\":" : " stacktrace=");
        quote(b, ThrowableProxyUtil.asString(event.getThrowableProxy()).strip());
      }
      b.append(json ? "}\n" : "\n");
      return b.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** Appends a quoted string in a form that is valid both in JSON and in logfmt. */
    private static void quote(StringBuilder b, @Nullable String text) {
      b.append('"');
      Printable.escape(text == null ? "" : text, b);
      b.append('"');
    }
  }
}
