package io.narthex.json.targets;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads a JSON list of {@code {targets: […], labels: {…}}} as Go's encoding/json reads Prometheus'
 * target groups: letter case of the two keys does not matter, other keys are errors, of a key that
 * comes twice the last value counts, null is an empty value, and what is not UTF-8 becomes U+FFFD.
 */
public final class TargetListJson {
  /** As much as a list of some million targets needs. */
  private static final int MOST_BYTES = 256 << 20;

  // buffers recycled by threads of the host would keep the plugin's class loader alive
  private static final JsonFactory JSON =
      JsonFactory.builder().recyclerPool(JsonRecyclerPools.nonRecyclingPool()).build();

  /** A group; more labels may be added to its own. Labels without a value are left out. */
  public record Group(Map<String, String> labels, List<String> targets) {}

  private TargetListJson() {}

  /**
   * Returns the groups in order.
   *
   * @param what is read, for messages
   * @throws IOException when it cannot be read, is no such list or continues after it
   */
  public static List<Group> read(String what, InputStream in) throws IOException {
    byte[] bytes = in.readNBytes(MOST_BYTES + 1);
    if (bytes.length > MOST_BYTES) {
      throw new IOException(what + " must have at most " + MOST_BYTES + " bytes; split the list");
    }
    try (JsonParser p = JSON.createParser(new StringReader(decode(bytes)))) {
      List<Group> groups = new ArrayList<>();
      JsonToken first = p.nextToken();
      if (first != JsonToken.VALUE_NULL) {
        expect(p, first, JsonToken.START_ARRAY, what, "a list of target groups");
        for (JsonToken t = p.nextToken(); t != JsonToken.END_ARRAY; t = p.nextToken()) {
          if (t == JsonToken.VALUE_NULL) {
            throw new IOException("nil target group item found (index " + groups.size() + ")");
          }
          expect(p, t, JsonToken.START_OBJECT, "target group " + groups.size(), "an object");
          groups.add(group(p, groups.size()));
        }
      }
      if (p.nextToken() != null) {
        throw new IOException(what + " continues after its list" + at(p));
      }
      return groups;
    } catch (JsonProcessingException e) {
      throw new IOException(what + " is not valid JSON: " + e.getOriginalMessage(), e);
    }
  }

  private static Group group(JsonParser p, int index) throws IOException {
    Map<String, String> labels = new LinkedHashMap<>();
    List<String> targets = new ArrayList<>();
    while (p.nextToken() != JsonToken.END_OBJECT) {
      String key = p.currentName();
      JsonToken value = p.nextToken();
      if (key.equalsIgnoreCase("targets")) {
        targets.clear();
        if (value != JsonToken.VALUE_NULL) {
          expect(p, value, JsonToken.START_ARRAY, "targets of group " + index, "a list");
          for (JsonToken t = p.nextToken(); t != JsonToken.END_ARRAY; t = p.nextToken()) {
            targets.add(text(p, t, "a target of group " + index));
          }
        }
      } else if (key.equalsIgnoreCase("labels")) {
        labels.clear();
        if (value != JsonToken.VALUE_NULL) {
          labels(p, value, index, labels);
        }
      } else {
        throw new IOException(
            "unknown field \"" + key + "\" in group " + index + at(p) + "; use targets or labels");
      }
    }
    labels.values().removeIf(String::isEmpty);
    return new Group(labels, targets);
  }

  private static void labels(JsonParser p, JsonToken value, int index, Map<String, String> into)
      throws IOException {
    expect(p, value, JsonToken.START_OBJECT, "labels of group " + index, "an object");
    while (p.nextToken() != JsonToken.END_OBJECT) {
      String name = wellFormed(p.currentName());
      if (name.isEmpty()) {
        throw new IOException("\"\" is not a valid label name" + at(p));
      }
      into.put(name, text(p, p.nextToken(), "label \"" + name + "\""));
    }
  }

  private static String text(JsonParser p, @Nullable JsonToken token, String what)
      throws IOException {
    if (token == JsonToken.VALUE_NULL) {
      return "";
    }
    expect(p, token, JsonToken.VALUE_STRING, what, "a text");
    return wellFormed(p.getText());
  }

  private static void expect(
      JsonParser p, @Nullable JsonToken got, JsonToken wanted, String what, String form)
      throws IOException {
    if (got != wanted) {
      throw new IOException(
          what + " must be " + form + ", got " + (got == null ? "nothing" : got) + at(p));
    }
  }

  private static String at(JsonParser p) {
    return " at line "
        + p.currentTokenLocation().getLineNr()
        + " column "
        + p.currentTokenLocation().getColumnNr();
  }

  /** Returns a text with U+FFFD for each half of a surrogate pair that stands alone. */
  private static String wellFormed(String text) {
    StringBuilder out = null;
    for (int i = 0; i < text.length(); i++) {
      int c = text.codePointAt(i);
      if (c > 0xffff) {
        i++;
      } else if (c >= 0xd800 && c <= 0xdfff) {
        out = out == null ? new StringBuilder(text) : out;
        out.setCharAt(i, '\ufffd');
      }
    }
    return out == null ? text : out.toString();
  }

  /** Decodes UTF-8 with U+FFFD for each byte that is none, as Go does. */
  private static String decode(byte[] bytes) {
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(bytes.length); // a byte is at most one character
    while (true) {
      CoderResult result = decoder.decode(in, out, true);
      if (!result.isError()) {
        return out.flip().toString();
      }
      for (int i = 0; i < result.length(); i++) {
        in.get();
        out.put('\ufffd');
      }
      decoder.reset();
    }
  }
}
