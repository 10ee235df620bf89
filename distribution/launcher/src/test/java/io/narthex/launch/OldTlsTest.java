package io.narthex.launch;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.Security;
import org.junit.jupiter.api.Test;

class OldTlsTest {
  @Test
  void takesTheTwoVersionsOutAndNothingElse() {
    assertThat(OldTls.without("SSLv3, TLSv1, TLSv1.1, DTLSv1.0, RC4, DH keySize < 1024"))
        .isEqualTo("SSLv3, DTLSv1.0, RC4, DH keySize < 1024");
    assertThat(OldTls.without("")).isEmpty();
    String own = Security.getProperty("jdk.tls.disabledAlgorithms");
    assertThat(own).contains("TLSv1,", "TLSv1.1", "anon", "NULL", "RC4");
    assertThat(OldTls.without(own)).contains("SSLv3", "anon", "NULL", "RC4", "DTLSv1.0");
    assertThat(OldTls.without(own).split(",")).hasSize(own.split(",").length - 2);
  }
}
