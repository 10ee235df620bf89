package io.narthex.launch;

import java.security.Security;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * Lets TLS 1.0 and 1.1 be used where a configuration names them, as Go does: {@code min_version:
 * TLS10} towards an old target, or of a listener. The JDK forbids them to the whole process,
 * whatever a connection asks for; that is taken back, and its defaults are said to be 1.2 and 1.3,
 * so that nothing that does not ask gets an older version.
 */
final class OldTls {
  private static final String DISABLED = "jdk.tls.disabledAlgorithms";
  private static final String USUAL = "TLSv1.3,TLSv1.2";

  private OldTls() {}

  /** Changes the settings of the JDK. Must be called before the first use of TLS. */
  static void allowWhereAsked() {
    for (String side : new String[] {"jdk.tls.client.protocols", "jdk.tls.server.protocols"}) {
      if (System.getProperty(side) == null) {
        System.setProperty(side, USUAL);
      }
    }
    String disabled = Security.getProperty(DISABLED);
    if (disabled != null) {
      Security.setProperty(DISABLED, without(disabled));
    }
  }

  /** Returns a list without the two versions. */
  static String without(String disabled) {
    return Arrays.stream(disabled.split(","))
        .map(String::strip)
        .filter(a -> !a.equals("TLSv1") && !a.equals("TLSv1.1"))
        .collect(Collectors.joining(", "));
  }
}
