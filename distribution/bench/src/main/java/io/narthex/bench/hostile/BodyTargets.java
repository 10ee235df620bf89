package io.narthex.bench.hostile;

import static io.narthex.bench.hostile.Parts.BRACES;
import static io.narthex.bench.hostile.Parts.BRACKETS;
import static io.narthex.bench.hostile.Parts.QUOTES;
import static io.narthex.bench.hostile.Parts.REGEX_BOMBS;
import static io.narthex.bench.hostile.Parts.counted;
import static io.narthex.bench.hostile.Parts.joined;
import static io.narthex.bench.hostile.Parts.message;
import static io.narthex.bench.hostile.Parts.number;
import static io.narthex.bench.hostile.Parts.packed;
import static io.narthex.bench.hostile.Parts.real;
import static io.narthex.bench.hostile.Parts.repeated;
import static io.narthex.bench.hostile.Parts.sink;
import static io.narthex.bench.hostile.Parts.text;
import static io.narthex.bench.hostile.Parts.wire;
import static io.narthex.bench.hostile.Parts.words;

import io.narthex.bench.hostile.Target.Pair;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.util.List;
import java.util.function.IntFunction;

/** Parsers of requests' bodies: remote write and the API of Alertmanager. */
final class BodyTargets {
  Target remoteWrite() {
    byte[] real = {9, 0, 0, 0, 0, 0, 0, (byte) 0xf0, 0x3f};
    byte[] name = message(1, text(1, "__name__"), text(2, "up"));
    byte[] job = message(1, text(1, "job"), text(2, "a"));
    byte[] sample = message(2, real, number(2, 1_700_000_000_000L));
    byte[] exemplar = message(3, message(1, text(1, "t"), text(2, "i")), number(3, 1));
    byte[] histogram =
        message(
            4,
            number(1, 3),
            number(4, 6),
            message(11, number(1, 0), number(2, 2)),
            packed(12, 2),
            number(15, 1_700_000_000_000L));
    List<byte[]> words = wire();
    words.addAll(List.of(name, job, sample, exemplar, histogram));
    return new Target(
        "remote-write",
        List.of(
            message(1, name, job, sample, sample),
            message(1, name, job, histogram, exemplar),
            message(1, name, message(4, packed(11, 60), packed(8, 60), packed(13, 80)))),
        words,
        List.of(new Pair("\n\u007f", ""), new Pair("\"\u0020", ""), new Pair("Z\u0004", "")),
        List.of(
            n -> message(1, repeated(n, i -> message(1, text(1, "l" + i), text(2, "v")))),
            n -> message(1, name, repeated(n, i -> message(2, real(1, i), number(2, i)))),
            n -> repeated(n, i -> message(1, message(1, text(1, "__name__"), text(2, "m" + i)))),
            n -> message(1, name, repeated(n, i -> message(4, number(1, 1), number(15, i)))),
            n ->
                message(
                    1, name, message(4, repeated(n, i -> message(11, number(1, 1), number(2, 1))))),
            n -> message(1, name, message(4, repeated(n, i -> number(12, 2)))),
            n -> message(1, name, message(4, packed(12, n), packed(9, n))),
            n -> message(1, name, message(4, packed(13, n * 8))),
            n -> message(1, name, message(4, repeated(n, i -> real(16, i)))),
            n ->
                message(
                    1, name, repeated(n, i -> message(3, message(1, text(1, "t"), text(2, "i")))))),
        remoteWriteReader(false));
  }

  Target remoteWriteSecond() {
    byte[] symbols =
        joined(
            text(4, ""),
            text(4, "__name__"),
            text(4, "up"),
            text(4, "job"),
            text(4, "a"),
            text(4, "t"));
    byte[] name = message(1, new byte[] {1, 2});
    byte[] both = message(1, new byte[] {1, 2, 3, 4});
    byte[] sample = message(2, real(1, 1), number(2, 1_700_000_000_000L), number(3, 1));
    byte[] exemplar = message(4, message(1, new byte[] {5, 4}), number(3, 1));
    byte[] metadata = message(5, number(1, 1), number(3, 5), number(4, 4));
    byte[] histogram =
        message(
            3,
            number(1, 3),
            number(4, 6),
            message(11, number(1, 0), number(2, 2)),
            packed(12, 2),
            number(15, 1_700_000_000_000L));
    List<byte[]> words = wire();
    words.addAll(List.of(symbols, name, both, sample, exemplar, metadata, histogram));
    return new Target(
        "remote-write-2",
        List.of(
            joined(symbols, message(5, both, sample, sample, metadata, number(6, 7))),
            joined(message(5, name, histogram, exemplar), symbols),
            joined(symbols, message(5, number(1, 1), number(1, 2), sample))),
        words,
        List.of(new Pair("*\u007f", ""), new Pair("\"\u0020", "")),
        List.of(
            n -> repeated(n, i -> text(4, "s" + i)),
            n -> joined(symbols, message(5, packed(1, n), sample)),
            n -> joined(symbols, message(5, repeated(n, i -> number(1, 1)), sample)),
            n -> joined(symbols, message(5, name, repeated(n, i -> message(2, number(2, i))))),
            n -> joined(symbols, repeated(n, i -> message(5, both, sample, metadata))),
            n -> joined(symbols, message(5, name, repeated(n, i -> exemplar))),
            n -> joined(text(4, "x".repeat(n)), message(5, repeated(200, i -> number(1, 0)))),
            n -> joined(symbols, message(5, name, repeated(n, i -> message(3, number(15, i)))))),
        remoteWriteReader(true));
  }

  /** Reads a request with the widest limits, and all that is asked of each series. */
  private static Target.Reader remoteWriteReader(boolean second) {
    Class<?> type = Hidden.type("io.narthex.http.WriteRequestReader");
    Constructor<?> constructor = Hidden.constructor(type, 4);
    Class<?> consumer = Hidden.type("io.narthex.http.WriteRequestReader$Consumer");
    Method read = Hidden.method(type, "read", consumer);
    List<Method> asked =
        List.of(
            Hidden.method(type, "labels"),
            Hidden.method(type, "labelsProblem"),
            Hidden.method(type, "metadataHash"));
    return input -> {
      Object reader = constructor.newInstance(input, input.length, second, Integer.MAX_VALUE);
      Object taker =
          Hidden.answering(
              consumer,
              series -> {
                for (Method method : asked) {
                  sink = String.valueOf(Hidden.call(method, series)).length();
                }
              },
              type);
      try {
        Hidden.call(read, reader, taker);
      } catch (Exception e) {
        if (e.getClass().getEnclosingClass() != type) { // its own are refusals
          throw e;
        }
      }
    };
  }

  Target alertsJson() {
    List<byte[]> seeds =
        Corpus.texts(
            "[{\"labels\":{\"alertname\":\"a\"},\"annotations\":{\"s\":\"t\"},\"startsAt\":\"2026-01-01T00:00:00Z\","
                + "\"endsAt\":\"2026-01-01T01:00:00.123456789+01:00\",\"generatorURL\":\"http://a\"}]",
            "[]",
            "[{\"labels\":{\"a\":\"b\"}},{\"labels\":{\"a\":\"\\ud83d\\ude00\\u0000\"}}]");
    return json(
        "alerts-json",
        "alerts",
        seeds,
        List.of(
            n -> counted(n, "[", i -> "{\"labels\":{\"a\":\"" + i + "\"}},", "{}]"),
            n -> counted(n, "[{\"labels\":{", i -> "\"l" + i + "\":\"v\",", "\"a\":\"b\"}}]"),
            n -> counted(n, "[{\"labels\":{\"a\":\"", i -> "\\u00e9", "\"}}]"),
            n -> counted(n, "[{\"x\":", i -> "[", ""),
            n -> counted(n, "[{\"x\":", i -> "9", "}]")));
  }

  Target silencesJson() {
    List<byte[]> seeds =
        Corpus.texts(
            "{\"matchers\":[{\"name\":\"a\",\"value\":\"b.*\",\"isRegex\":true,\"isEqual\":false}],"
                + "\"startsAt\":\"2026-01-01T00:00:00Z\",\"endsAt\":\"2026-01-02T00:00:00Z\","
                + "\"createdBy\":\"me\",\"comment\":\"c\",\"id\":\"\"}");
    return json(
        "silences-json",
        "silence",
        seeds,
        List.of(
            n ->
                counted(
                    n,
                    "{\"matchers\":[",
                    i -> "{\"name\":\"l" + i + "\",\"value\":\"v\",\"isRegex\":true},",
                    "{}]}"),
            n -> counted(n, "{", i -> "\"comment\":\"" + i + "\",", "\"id\":\"\"}"),
            n -> counted(n, "{\"x\":", i -> "{\"x\":", "")));
  }

  private static Target json(
      String name, String method, List<byte[]> seeds, List<IntFunction<byte[]>> growing) {
    Class<?> type = Hidden.type("io.narthex.http.AlertmanagerRequests");
    Constructor<?> constructor = Hidden.constructor(type, 1);
    Method read = Hidden.method(type, method, InputStream.class);
    return new Target(
        name,
        seeds,
        words(
            REGEX_BOMBS,
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"labels\":",
            "\"LABELS\":",
            "\"matchers\":",
            "\"startsAt\":\"\"",
            "\"endsAt\":\"9999-12-31T23:59:60Z\"",
            "\"2026-02-30T24:00:00+99:99\"",
            "\"isRegex\":",
            "null",
            "true",
            "1e999999999",
            "\\ud800",
            "\\u0000",
            "\\",
            "/*",
            "NaN"),
        List.of(
            BRACES, BRACKETS, QUOTES, new Pair("{\"x\":", "}"), new Pair("[{\"labels\":{", "}}]")),
        growing,
        input -> {
          Object requests = constructor.newInstance(32L << 20);
          try {
            sink =
                String.valueOf(Hidden.call(read, requests, new ByteArrayInputStream(input)))
                    .length();
          } catch (RuntimeException e) {
            if (e.getClass().getEnclosingClass() != type) { // its own are refusals
              throw e;
            }
          }
        });
  }
}
