package io.narthex.itests;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;

/** Requests of Grafana in files, sent as its server sends them; see grafana/README.md. */
final class GrafanaRequests {
  /** When the requests were recorded. */
  private static final Instant RECORDED = Instant.parse("2026-01-02T03:04:05.678Z");

  private static final Pattern TIME =
      Pattern.compile("(?<=\\b(?:start|end|time)=)\\d{10}[\\d.]*", 0);
  private static final int MILLISECOND_DIGITS = 13;
  private static final String[] HEADERS = {
    "User-Agent", "Grafana/13.1.4",
    "Accept-Encoding", "gzip",
    "X-Forwarded-For", "198.18.9.9",
    "X-Grafana-Org-Id", "1",
    "X-Grafana-User", "admin",
    "X-Dashboard-Uid", "abc",
    "X-Datasource-Uid", "narthex",
    "X-Panel-Id", "2",
    "X-Query-Group-Id", "8d1a7a5e-4f5a-4f6e-9a3b-0c3f3f6a2b11",
    "X-Grafana-From-Expr", "true"
  };

  /** What was asked, and the answer. */
  record Answer(String step, String method, String target, int status, JsonNode body) {
    /** Returns the end point, without the name of a label. */
    String endpoint() {
      String path = target.replaceFirst("\\?.*", "");
      return path.startsWith("api/v1/label/") ? "values" : path.substring("api/v1/".length());
    }

    JsonNode data() {
      return body.path("data");
    }
  }

  private final HttpClient client = HttpClient.newHttpClient();
  private final Server server;

  GrafanaRequests(Server server) {
    this.server = server;
  }

  /** Sends the requests of a file one after another. */
  List<Answer> send(String file) throws Exception {
    List<Answer> answers = new ArrayList<>();
    for (String line : lines(file)) {
      JsonNode request = Server.parse(line);
      Answer answer =
          send(
              request,
              request.path("method").asText(),
              present(request.path("target").asText()),
              present(request.path("body").asText()));
      answers.add(answer);
      if (answer.status() == 400 && answer.method().equals("POST")) {
        // Grafana takes it for a server that does not know POST
        answers.add(
            send(
                request,
                "GET",
                answer.target() + "?" + present(request.path("body").asText()),
                ""));
      }
    }
    return answers;
  }

  private static List<String> lines(String file) throws IOException {
    try (InputStream in = GrafanaRequests.class.getResourceAsStream("/grafana/" + file)) {
      if (in == null) {
        throw new IOException("no resource grafana/" + file);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    }
  }

  /** Moves times by whole minutes, so that what was rounded stays it, to at most one from now. */
  private static String present(String text) {
    long minutes = Duration.between(RECORDED, Instant.now()).toMinutes() + 1;
    return TIME.matcher(text)
        .replaceAll(found -> {
          String time = found.group();
          int unit = time.length() == MILLISECOND_DIGITS && !time.contains(".") ? 1000 : 1;
          return new BigDecimal(time).add(BigDecimal.valueOf(60 * minutes * unit)).toPlainString();
        });
  }

  private Answer send(JsonNode request, String method, String target, String body)
      throws Exception {
    HttpRequest.Builder builder =
        HttpRequest.newBuilder(URI.create(server.url(target)))
            .headers(HEADERS)
            .timeout(Server.PATIENCE);
    request
        .path("browserHeaders")
        .properties()
        .forEach(header -> builder.header(header.getKey(), header.getValue().asText()));
    if (method.equals("POST")) {
      builder
          .header("Content-Type", "application/x-www-form-urlencoded")
          .POST(BodyPublishers.ofString(body));
    }
    HttpResponse<byte[]> response = client.send(builder.build(), BodyHandlers.ofByteArray());
    return new Answer(
        request.path("step").asText(), method, target, response.statusCode(), json(response));
  }

  private static JsonNode json(HttpResponse<byte[]> response) throws IOException {
    InputStream in = new ByteArrayInputStream(response.body());
    if (response.headers().firstValue("Content-Encoding").orElse("").equals("gzip")) {
      in = new GZIPInputStream(in);
    }
    return Server.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
  }
}
