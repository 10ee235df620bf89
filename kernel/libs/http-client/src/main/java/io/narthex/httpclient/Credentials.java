package io.narthex.httpclient;

import io.narthex.spi.config.Secret;
import io.narthex.spi.plugin.HttpTransport.Authorization;
import io.narthex.spi.plugin.HttpTransport.BasicAuth;
import io.narthex.spi.plugin.HttpTransport.HeaderValues;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Computes the headers of client settings; secret files are read each time. */
final class Credentials {
  private Credentials() {}

  /** Returns the value of the Authorization header, or null; without OAuth. */
  static @Nullable String authorization(HttpSettings http) throws IOException {
    BasicAuth basic = http.basicAuth();
    if (basic != null) {
      String user = textOrFile(basic.username(), basic.usernameFile());
      String password = secretOrFile(basic.password(), basic.passwordFile());
      return basic(user, password);
    }
    Authorization a = http.authorization();
    if (a != null) {
      String type = a.type().isEmpty() ? "Bearer" : a.type();
      return type + " " + secretOrFile(a.credentials(), a.credentialsFile());
    }
    if (http.bearerToken() != null || !http.bearerTokenFile().isEmpty()) {
      return "Bearer " + secretOrFile(http.bearerToken(), http.bearerTokenFile());
    }
    return null;
  }

  /** Returns the value of a header that logs in with a password. */
  static String basic(String user, String password) {
    byte[] both = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
    return "Basic " + Base64.getEncoder().encodeToString(both);
  }

  /** Returns the values of all {@code http_headers}. */
  static Map<String, List<String>> headers(HttpSettings http) throws IOException {
    if (http.httpHeaders().isEmpty()) {
      return Map.of();
    }
    Map<String, List<String>> all = new java.util.LinkedHashMap<>();
    for (Map.Entry<String, HeaderValues> e : http.httpHeaders().entrySet()) {
      List<String> values = new ArrayList<>(e.getValue().values());
      for (Secret s : e.getValue().secrets()) {
        values.add(s.reveal());
      }
      for (String file : e.getValue().files()) {
        values.add(read(file));
      }
      all.put(e.getKey(), values);
    }
    return all;
  }

  static String secretOrFile(@Nullable Secret secret, String file) throws IOException {
    return file.isEmpty() ? (secret == null ? "" : secret.reveal()) : read(file);
  }

  private static String textOrFile(String text, String file) throws IOException {
    return file.isEmpty() ? text : read(file);
  }

  private static String read(String file) throws IOException {
    try {
      return Files.readString(Path.of(file)).strip();
    } catch (IOException e) {
      throw new IOException("unable to read file " + file + ": " + TlsMaterial.reason(e), e);
    }
  }
}
