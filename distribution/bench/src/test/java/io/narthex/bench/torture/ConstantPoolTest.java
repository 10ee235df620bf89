package io.narthex.bench.torture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class ConstantPoolTest {
  /** What is changed; it has constants of two places, too. */
  public static final class Speaker implements Supplier<String> {
    @Override
    public String get() {
      return "said as built".repeat(1) + Math.max(7_000_000_000L, 1) + Math.max(2.5, 1);
    }
  }

  private static byte[] speaker() throws IOException {
    try (InputStream in = Speaker.class.getResourceAsStream("ConstantPoolTest$Speaker.class")) {
      return in.readAllBytes();
    }
  }

  @Test
  void classWithAnotherTextSaysIt() throws Exception {
    byte[] changed = ConstantPool.replace(speaker(), "said as built", "said as changed, längér");
    ClassLoader loader =
        new ClassLoader(null) {
          @Override
          protected Class<?> findClass(String name) {
            return defineClass(name, changed, 0, changed.length);
          }
        };
    Object speaker = loader.loadClass(Speaker.class.getName()).getConstructor().newInstance();
    assertThat(((Supplier<?>) speaker).get()).isEqualTo("said as changed, längér70000000002.5");
  }

  @Test
  void textThatIsNotThereIsAnError() {
    assertThatThrownBy(() -> ConstantPool.replace(speaker(), "never said", "x"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("never said");
  }
}
