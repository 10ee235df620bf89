package io.narthex.bench.push;

import io.airlift.compress.v3.snappy.SnappyFramedOutputStream;
import io.airlift.compress.v3.snappy.SnappyJavaCompressor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.GZIPOutputStream;

/**
 * Random pushes and deletions, right and wrong ones. What the original is known to break at is left
 * out: a length of gigabytes before a protobuf message ends its process. Not thread-safe.
 */
final class RandomRequests {
  private static final byte[] NOTHING = {};
  private static final int PROTOBUF_PERCENT = 20;

  private final Dice dice;
  private final RandomPaths paths;
  private final RandomFamilies families;
  private final TextBody text;
  private final Mutations mutations;
  private final ProtoOddities oddities;

  RandomRequests(Dice dice) {
    this.dice = dice;
    paths = new RandomPaths(dice);
    families = new RandomFamilies(dice);
    text = new TextBody(dice);
    mutations = new Mutations(dice);
    oddities = new ProtoOddities(dice);
  }

  /** Returns the next request. */
  Request next() {
    boolean wrong = dice.percent(5);
    String path = wrong ? paths.wrong() : paths.group();
    if (dice.percent(12)) {
      String kind = wrong ? "delete, wrong path" : "delete";
      return new Request(kind, "DELETE", path, Map.of(), NOTHING);
    }
    String method = dice.percent(45) ? "PUT" : "POST";
    Map<String, String> headers = new LinkedHashMap<>();
    String kind;
    byte[] body;
    if (dice.percent(3)) {
      kind = "empty";
      body = NOTHING;
    } else if (dice.percent(PROTOBUF_PERCENT)) {
      headers.put("Content-Type", ProtoBody.CONTENT_TYPE);
      List<byte[]> messages = ProtoBody.messages(families.next());
      kind = "protobuf";
      body = ProtoBody.delimited(messages);
      if (dice.percent(12)) {
        kind = "protobuf, spoilt";
        body =
            dice.percent(20) ? mutations.cut(body) : ProtoBody.delimited(oddities.spoil(messages));
      }
    } else {
      kind = "text";
      body = text.write(families.next()).getBytes(StandardCharsets.UTF_8);
      if (dice.percent(10)) {
        kind = "text, spoilt";
        body = mutations.spoil(body);
      }
      if (dice.percent(60)) {
        headers.put("Content-Type", textType());
      }
    }
    if (dice.percent(14)) {
      String encoding = dice.pick("gzip", "gzip", "gzip", "GZIP", "snappy", "identity", "deflate");
      headers.put("Content-Encoding", encoding);
      kind += ", " + encoding.toLowerCase(Locale.ROOT);
      body = encoded(encoding, body);
      if (dice.percent(15) && (encoding.equals("gzip") || encoding.equals("snappy"))) {
        kind += " cut off";
        body = mutations.cut(body);
      }
    }
    return new Request(wrong ? "push, wrong path" : kind, method, path, headers, body);
  }

  private String textType() {
    return dice.pick(
        "text/plain",
        "text/plain; version=0.0.4",
        "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
        "application/json",
        "application/x-www-form-urlencoded",
        "application/vnd.google.protobuf",
        "nonsense");
  }

  private static byte[] encoded(String encoding, byte[] body) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out =
        switch (encoding) {
          case "snappy" -> new SnappyFramedOutputStream(new SnappyJavaCompressor(), bytes);
          case "gzip", "GZIP" -> new GZIPOutputStream(bytes);
          default -> bytes; // servers take no notice of these
        }) {
      out.write(body);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }
}
