package io.narthex.httpclient;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.spi.plugin.HttpTransport.BasicAuth;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

@NullUnmarked
final class HttpFilesTest {
  @Test
  void resolvesRelativeNamesOnly() {
    HttpSettings s =
        new HttpSettings(
            new BasicAuth("u", "", null, "secret"),
            null,
            null,
            null,
            "",
            true,
            true,
            new TlsSettings("", "/abs/ca.pem", "", "c.pem", null, "", "", false, "", ""),
            "",
            "",
            false,
            Map.of(),
            Map.of());
    HttpSettings r = HttpFiles.resolve(s, Path.of("/etc/x"));
    assertThat(r.basicAuth().passwordFile()).isEqualTo("/etc/x/secret");
    assertThat(r.basicAuth().usernameFile()).isEmpty();
    assertThat(r.tlsConfig().caFile()).isEqualTo("/abs/ca.pem");
    assertThat(r.tlsConfig().certFile()).isEqualTo("/etc/x/c.pem");
    assertThat(HttpFiles.resolve(HttpSettings.DEFAULT, Path.of("/etc")))
        .isEqualTo(HttpSettings.DEFAULT);
  }
}
