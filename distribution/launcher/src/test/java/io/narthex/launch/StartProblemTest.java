package io.narthex.launch;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;
import org.osgi.framework.BundleException;

class StartProblemTest {
  @Test
  void isOneLineWhateverTheCause() {
    assertThat(StartProblem.text(new IllegalStateException("a\n\tb\r\n  c")))
        .isEqualTo("java.lang.IllegalStateException: a b c");
    assertThat(StartProblem.text(new NoClassDefFoundError("x")))
        .endsWith("NoClassDefFoundError: x");
    assertThat(StartProblem.text(new BundleException("cannot resolve\nx")))
        .isEqualTo("cannot resolve x");
    assertThat(StartProblem.text(new IllegalStateException()))
        .isEqualTo("java.lang.IllegalStateException");
  }

  @Test
  void namesTheFileAndWhatIsWrongWithIt() {
    assertThat(StartProblem.text(new NoSuchFileException("/a")))
        .isEqualTo("/a: no such file or directory");
    assertThat(StartProblem.text(new AccessDeniedException("/a")))
        .isEqualTo("/a: permission denied");
    assertThat(StartProblem.text(new FileSystemException("/a", null, "Read-only file system")))
        .isEqualTo("/a: Read-only file system");
  }
}
