package io.narthex.config.yaml;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.go.GoUrl;
import io.narthex.spi.config.ByteSize;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import java.time.Duration;
import java.util.Date;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RecordCheckTest {
  enum Level {
    LOW
  }

  record Inner(int n, @Nullable Boolean maybe, List<Inner> more) {}

  record Good(
      String a,
      Secret b,
      long c,
      double d,
      Duration e,
      ByteSize f,
      GoUrl g,
      Level h,
      @Nullable ConfigNode i,
      List<String> j,
      Map<String, List<Inner>> k,
      Inner l) {}

  record WithDate(String name, Date when) {}

  record WithThreads(Map<String, Thread> m) {}

  record WithKeys(Map<Integer, String> m) {}

  record Files(
      @Setting(help = "a", file = true) String a,
      @Setting(help = "b", file = true) List<String> b) {}

  record WithSecretFile(@Setting(help = "a", file = true) Secret a) {}

  record Outer(List<WithDate> dates) {}

  @Test
  void takesWhatTheBinderKnows() {
    assertThat(RecordCheck.problem(Good.class)).isEmpty();
    assertThat(RecordCheck.problem(Files.class)).isEmpty();
  }

  @Test
  void namesTheComponentThatCannotBeBound() {
    assertThat(RecordCheck.problem(WithDate.class))
        .startsWith(
            "component \"when\" of WithDate is of type java.util.Date, which settings cannot have;");
    assertThat(RecordCheck.problem(Outer.class))
        .startsWith("component \"when\" of WithDate is of type java.util.Date");
    assertThat(RecordCheck.problem(WithThreads.class))
        .startsWith("component \"m\" of WithThreads is of type java.lang.Thread");
    assertThat(RecordCheck.problem(WithSecretFile.class))
        .isEqualTo(
            "component \"a\" of WithSecretFile names files, but is of type"
                + " io.narthex.spi.config.Secret; use String or List<String>");
    assertThat(RecordCheck.problem(WithKeys.class)).startsWith("component \"m\" of WithKeys is of");
  }

  @Test
  void saysWhatIsNoRecord() {
    assertThat(RecordCheck.problem(null)).startsWith("configType() returns null");
    assertThat(RecordCheck.problem(String.class))
        .isEqualTo("configType() returns java.lang.String, which is no record");
  }
}
