package io.narthex.launch;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LoggingTest {
  private static final String NASTY = "a\r\n\u001b[2J\u2028time=1 msg=\"forged\" \\ \u0085 é 😀 {}";

  private static String line(boolean json, @Nullable Throwable thrown, Object... arguments) {
    Logger logger = new LoggerContext().getLogger("io.narthex.core.Kernel");
    LoggingEvent event = new LoggingEvent("x", logger, Level.WARN, NASTY, thrown, arguments);
    event.setTimeStamp(1_795_338_433_500L);
    return new String(new Logging.LineEncoder(json).encode(event), StandardCharsets.UTF_8);
  }

  @Test
  void jsonHasTheKeysOfPrometheusAndTheWholeMessage() throws Exception {
    String line = line(true, null, 7);
    assertThat(line)
        .startsWith(
            "{\"time\":\"2026-11-22T09:07:13.500Z\",\"level\":\"WARN\",\"source\":\"Kernel\",\"msg\":\"");
    JsonNode read = new JsonMapper().readTree(line);
    assertThat(read.path("msg").asText()).isEqualTo(NASTY.replace("{}", "7"));
  }

  @Test
  void noMessageForgesALineOrATerminalSequence() {
    for (boolean json : new boolean[] {false, true}) {
      String line = line(json, new IllegalStateException(NASTY), 7);
      assertThat(line.indexOf('\n')).isEqualTo(line.length() - 1);
      assertThat(line.strip()).doesNotContain("\r", "\u001b", "\u2028", "\u0085");
      assertThat(line).contains("stacktrace", "é 😀 7");
    }
    assertThat(line(false, null, 7))
        .startsWith(
            "time=2026-11-22T09:07:13.500Z level=WARN source=Kernel msg=\"a\\r\\n\\u001b[2J");
  }

  @Test
  void theClientShowsControlCharactersOfAServerInsteadOfSendingThem() {
    ByteArrayOutputStream terminal = new ByteArrayOutputStream();
    Printable.guarded(terminal).print("ok\n\u001b]0;x\u0007\t\u009bé\r");
    assertThat(terminal.toString(StandardCharsets.UTF_8))
        .isEqualTo("ok\n\\u001b]0;x\\u0007\t\\u009bé\\u000d");
  }
}
