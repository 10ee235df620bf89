package io.narthex.launch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class OpenFilesTest {
  @Test
  void readsTheSoftLimit() {
    String head = "Limit                     Soft Limit           Hard Limit           Units     ";
    assertThat(
            OpenFiles.limit(
                List.of(
                    head,
                    "Max open files            128                  4096                 files     ")))
        .isEqualTo(128);
    assertThat(
            OpenFiles.limit(
                List.of(
                    head,
                    "Max open files            unlimited            unlimited            files     ")))
        .isEqualTo(Long.MAX_VALUE);
    assertThat(OpenFiles.limit(List.of(head))).isEqualTo(Long.MAX_VALUE);
  }
}
