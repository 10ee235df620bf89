package io.narthex.testkit.notifier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import org.junit.jupiter.api.Test;

class PlainHttpTest {
  @Test
  void interruptOfAReadIsNotForgotten() {
    InputStream forgetful =
        new InputStream() {
          @Override
          public int read() throws IOException {
            throw new IOException(new InterruptedException());
          }
        };
    assertThatThrownBy(() -> new PlainHttp.Interruptible(forgetful).readAllBytes())
        .isInstanceOf(IOException.class);
    assertThat(Thread.interrupted()).isTrue();
  }
}
