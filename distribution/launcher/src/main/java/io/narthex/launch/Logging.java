package io.narthex.launch;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.encoder.EncoderBase;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Locale;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/**
 * Sets the log up before anything else runs: one line an event on standard error, logfmt or JSON.
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
    Encoder<ILoggingEvent> encoder =
        format.equals("json") ? new JsonEncoder() : new LogfmtEncoder();
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
    // libraries speak up only when something is wrong
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

  /** Writes {@code time=… level=INFO source=Kernel msg="…"}, as Prometheus 3 does. */
  static final class LogfmtEncoder extends EncoderBase<ILoggingEvent> {
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
      b.append("time=").append(Instant.ofEpochMilli(event.getTimeStamp()));
      b.append(" level=").append(event.getLevel().toString().toUpperCase(Locale.ROOT));
      b.append(" source=").append(logger.substring(logger.lastIndexOf('.') + 1)).append(" msg=");
      quote(b, event.getFormattedMessage());
      b.append('\n');
      if (event.getThrowableProxy() != null) {
        b.append(ThrowableProxyUtil.asString(event.getThrowableProxy()));
      }
      return b.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void quote(StringBuilder b, String text) {
      b.append('"');
      for (int i = 0; i < text.length(); i++) {
        char c = text.charAt(i);
        switch (c) {
          case '"' -> b.append("\\\"");
          case '\\' -> b.append("\\\\");
          case '\n' -> b.append("\\n");
          default -> b.append(c);
        }
      }
      b.append('"');
    }
  }
}
