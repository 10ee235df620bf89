package io.narthex.core.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SecretFilesTest {
  @TempDir private Path folder = Path.of("");

  private Path write(String name, String mode, String text) throws IOException {
    Path file = Files.writeString(folder.resolve(name), text);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
  }

  @Test
  void listsFilesThatOthersCanRead() throws IOException {
    Path main =
        write(
            "prometheus.yml",
            "rw-r--r--",
            """
            scrape_config_files: [more-*.yml]
            scrape_configs:
              - job_name: a
                basic_auth: {username: u, password_file: open}
                tls_config: {cert_file: cert, key_file: closed}
            """);
    Path more =
        write(
            "more-1.yml",
            "rw-r--r--",
            "scrape_configs: [{job_name: b, authorization: {credentials: hunter2}}]");
    Path open = write("open", "rw-r--r--", "secret");
    write("closed", "rw-r-----", "secret");
    write("cert", "rw-r--r--", "public");
    Verdict verdict = SecretFiles.check(List.of(main), null);
    assertThat(verdict.status()).isEqualTo(1);
    assertThat(verdict.text())
        .contains(
            "  FAILED: "
                + open
                + ": others can read it, mode rw-r--r-- (password_file at "
                + main
                + ":4:46); chmod o-rw",
            "  FAILED: " + more + ": others can read it, mode rw-r--r-- (holds credentials at ")
        .doesNotContain("closed", "cert", "hunter2", "SUCCESS");
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rw-------"));
    Files.setPosixFilePermissions(more, PosixFilePermissions.fromString("rw-r-----"));
    assertThat(SecretFiles.check(List.of(main), null))
        .isEqualTo(
            new Verdict(
                0,
                "Checking "
                    + main
                    + "\nChecking "
                    + more
                    + "\n  SUCCESS: 3 files with secrets, none of which others can read"));
  }

  @Test
  void looksAtUsersUrlsAndTheDataFolder() throws IOException {
    Path web = write("web.yml", "rw-r--r--", "basic_auth_users: {ann: $2y$10$abc}");
    Path alerts =
        write(
            "alertmanager.yml",
            "rw-r--r--",
            "receivers: [{name: r, webhook_configs: [{url_file: hook}]}]\n"
                + "global: {http_config: {proxy_url: 'http://a:b@c'}}");
    Path data = Files.createDirectories(folder.resolve("data/narthex"));
    Path token = write("data/narthex/admin.token", "rw-r--r--", "x");
    Verdict verdict = SecretFiles.check(List.of(web, alerts), data.getParent());
    assertThat(verdict.status()).isEqualTo(1);
    assertThat(verdict.text())
        .contains(
            web + ": others can read it, mode rw-r--r-- (holds basic_auth_users at ",
            folder.resolve("hook") + ": no such file (url_file at ",
            alerts + ": others can read it, mode rw-r--r-- (holds proxy_url at ",
            token + ": others can read it, mode rw-r--r-- (in the data folder)");
  }
}
