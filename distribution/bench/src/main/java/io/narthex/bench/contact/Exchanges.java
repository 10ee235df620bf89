package io.narthex.bench.contact;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.narthex.bench.WriteRequest;
import io.narthex.bench.push.Reply;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Requests of the HTTP API and pushes. An input is {@code METHOD path || Header: value || … ||
 * body}; in requests of the API {@code $T} is the time of the last sample, in seconds.
 */
final class Exchanges implements Area {
  private static final String SEPARATOR = " || ";
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);
  private static final int SAMPLES = 40;
  private static final long STEP_MS = 15_000;
  private static final long HOUR_MS = 3_600_000;
  private static final Pattern CLOCK = Pattern.compile("\\d\\.\\d+E9|\\d{10}(\\.\\d+)?", 0);
  private static final Pattern TIMINGS = Pattern.compile("\"timings\":\\{[^}]*\\},", 0);

  private final boolean pushes;
  private final long endMs = System.currentTimeMillis() / 60_000 * 60_000 - 60_000;

  private Exchanges(boolean pushes) {
    this.pushes = pushes;
  }

  /** Forms of requests to the API of the server. */
  static Area requests() {
    return new Exchanges(false);
  }

  /** Pushes, each to a gateway that has no other. */
  static Area pushes() {
    return new Exchanges(true);
  }

  @Override
  public String name() {
    return pushes ? "pushes" : "requests";
  }

  @Override
  public List<String> files() {
    return List.of(name());
  }

  /** Changes the path or the body; a changed method or header is no input of a user. */
  @Override
  public byte[] mutated(byte[] original, Mutator mutator) {
    String text = new String(original, StandardCharsets.ISO_8859_1);
    if (text.contains("google.protobuf")) {
      return original; // a length of gigabytes ends the original
    }
    int body = text.lastIndexOf(SEPARATOR);
    if (body >= 0 && body + SEPARATOR.length() < text.length()) {
      return mutator.mutateFrom(original, body + SEPARATOR.length());
    }
    int question = text.indexOf('?');
    if (question < 0) {
      return original;
    }
    String spoilt =
        new String(
            mutator.mutateFrom(
                text.substring(0, body < 0 ? text.length() : body)
                    .getBytes(StandardCharsets.ISO_8859_1),
                question + 1),
            StandardCharsets.ISO_8859_1);
    // what would end the line is another matter
    return (spoilt
                .replaceAll("[\\x00-\\x20\\x7f-\\xff](?!\\S*$)", "+")
                .replace('\n', '+')
                .replace('\r', '+')
            + (body < 0 ? "" : text.substring(body)))
        .getBytes(StandardCharsets.ISO_8859_1);
  }

  @Override
  public Map<String, String> outcomes(Side side, List<Input> inputs)
      throws IOException, InterruptedException {
    if (!pushes) {
      write(side);
    }
    Map<String, String> out = new TreeMap<>();
    for (Input input : inputs) {
      String text =
          new String(input.body(), StandardCharsets.ISO_8859_1)
              .replace("$T", Long.toString(endMs / 1000));
      List<String> parts = List.of(text.split(" \\|\\| ", -1));
      String[] first = parts.getFirst().split(" ", 2);
      Map<String, String> headers = new LinkedHashMap<>();
      for (String part : parts.subList(1, Math.max(1, parts.size() - 1))) {
        String[] header = part.split(": ", 2);
        headers.put(header[0], header.length > 1 ? header[1] : "");
      }
      byte[] body =
          parts.size() > 1 ? parts.getLast().getBytes(StandardCharsets.ISO_8859_1) : new byte[0];
      String path = first.length > 1 ? first[1] : "";
      out.put(
          input.id(),
          pushes
              ? pushed(side, first[0], path, headers, body)
              : answer(side.ask(first[0], path, headers, body)));
    }
    return out;
  }

  private void write(Side side) throws IOException, InterruptedException {
    WriteRequest request = new WriteRequest();
    long[] times = new long[SAMPLES];
    double[] rising = new double[SAMPLES];
    double[] waves = new double[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
      times[i] = endMs - (SAMPLES - 1 - i) * STEP_MS;
      rising[i] = i * 3;
      waves[i] = (i % 7) - 2.5;
    }
    for (String instance : List.of("a:1", "b:2")) {
      request.series(
          new TreeMap<>(Map.of("__name__", "ctr_total", "instance", instance, "job", "j")),
          times,
          rising,
          0,
          SAMPLES);
      request.series(
          new TreeMap<>(Map.of("__name__", "g", "instance", instance, "job", "j/ü x")),
          times,
          waves,
          0,
          SAMPLES);
    }
    request.series(
        new TreeMap<>(Map.of("__name__", "http.x", "l.a", "v")), times, waves, 0, SAMPLES);
    side.server().write(request.finish());
  }

  /** Replaces what the time of the request makes different. */
  private String withoutClock(String text) {
    return CLOCK
        .matcher(TIMINGS.matcher(text).replaceAll(""))
        .replaceAll(match -> {
          double seconds = Double.parseDouble(match.group());
          return seconds * 1000 > endMs && seconds * 1000 < endMs + HOUR_MS ? "now" : match.group();
        });
  }

  private String answer(Reply reply) {
    String text = Integer.toString(reply.status());
    try {
      JsonNode json = JSON.readTree(reply.body());
      if (json.has("status")) {
        text += " " + json.path("status").asText() + ' ' + json.path("errorType").asText();
        if (!json.has("errorType")) {
          text += "\n" + withoutClock(json.path("data").toString());
        }
      }
    } catch (JsonProcessingException e) {
      // texts of other answers are the servers' own
    }
    return text;
  }

  private static String pushed(
      Side side, String method, String path, Map<String, String> headers, byte[] body)
      throws IOException, InterruptedException {
    Reply reply = side.push(method, path, headers, body);
    StringBuilder text = new StringBuilder(Integer.toString(reply.status()));
    Reply groups = side.push("GET", "/api/v1/metrics", Map.of(), new byte[0]);
    text.append('\n').append(groups.status());
    for (JsonNode group : JSON.readTree(groups.body()).path("data")) {
      text.append('\n').append(Targets.labels(group.path("labels")));
      TreeSet<String> families = new TreeSet<>();
      for (Map.Entry<String, JsonNode> family : group.properties()) {
        if (family.getValue().has("metrics") && !family.getKey().startsWith("push_")) {
          families.add(
              family.getKey()
                  + ' '
                  + family.getValue().path("type")
                  + ' '
                  + sorted(family.getValue().path("metrics")));
        }
      }
      text.append(' ').append(families).append(group.path("last_push_successful"));
    }
    side.push("PUT", "/api/v1/admin/wipe", Map.of(), new byte[0]);
    return text.toString();
  }

  private static List<String> sorted(JsonNode metrics) throws JsonProcessingException {
    List<String> all = new ArrayList<>();
    for (JsonNode metric : metrics) {
      all.add(JSON.writeValueAsString(JSON.treeToValue(metric, Object.class)));
    }
    all.sort(null);
    return all;
  }
}
