package io.narthex.http.pages;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What the server reads of a dashboard document. The rest of it is for the pages, which get the
 * bytes as they are.
 *
 * @param uid that of the document, or one made from its title
 * @param start position of the first byte of the dashboard; what is in front wraps it
 * @param end position after its last byte
 */
record DashboardDocument(String uid, String title, List<String> tags, int start, int end) {
  static final int MAX_BYTES = 2 << 20;
  static final int MAX_UID = 40;
  private static final int MAX_LEVELS = 100;
  private static final int MAX_TITLE = 500;
  private static final int MAX_TAGS = 50;
  private static final int MAX_TAG = 100;
  private static final Pattern UID = Pattern.compile("[A-Za-z0-9_-]{1," + MAX_UID + "}", 0);
  private static final JsonFactory JSON = new JsonFactory();

  /** A document that cannot be used; the message is for people. */
  static final class Invalid extends Exception {
    private static final long serialVersionUID = 1;

    Invalid(String message) {
      super(message);
    }
  }

  /** What an object of the document says about itself. */
  private static final class Found {
    @Nullable String uid;
    @Nullable String title;
    List<String> tags = List.of();
    boolean panels;
    boolean elements;
    boolean layout;
    long start;
    long end;
    @Nullable Found wrapped;
    @Nullable Found spec;
    @Nullable String name;

    boolean isDashboard() {
      return panels || (elements && layout);
    }
  }

  /** Returns whether a text can be the uid of a dashboard. */
  static boolean isUid(String text) {
    return UID.matcher(text).matches();
  }

  /**
   * Reads a document, also one in an object with the key {@code dashboard}, as Grafana's API
   * returns it, or in the {@code spec} of a resource, whose name is the uid then.
   *
   * @param otherwise the title of a document without one; null when it needs one
   * @throws Invalid when it is no dashboard
   */
  static DashboardDocument read(byte[] bytes, @Nullable String otherwise) throws Invalid {
    if (bytes.length > MAX_BYTES) {
      throw new Invalid("a dashboard has at most " + (MAX_BYTES >> 20) + " MiB");
    }
    String text = text(bytes);
    Found found = parse(text);
    Found wrapped = found.wrapped;
    Found spec = found.spec;
    if (!found.isDashboard() && wrapped != null) {
      found = wrapped;
    } else if (!found.isDashboard() && spec != null) {
      // stays in its resource, which has the name
      spec.uid = found.name;
      spec.start = found.start;
      spec.end = found.end;
      found = spec;
    }
    if (!found.isDashboard()) {
      throw new Invalid(
          "is no dashboard: it has neither \"panels\" nor \"rows\" nor \"elements\" with a"
              + " \"layout\"; export it from Grafana as JSON");
    }
    String title = found.title == null || found.title.isBlank() ? otherwise : found.title;
    if (title == null) {
      throw new Invalid("\"title\" is missing; give the dashboard one");
    }
    if (title.length() > MAX_TITLE) {
      throw new Invalid(
          "\"title\" has at most " + MAX_TITLE + " characters, got " + title.length());
    }
    String uid = found.uid == null || found.uid.isEmpty() ? uidOf(title) : found.uid;
    if (!isUid(uid)) {
      throw new Invalid(
          "\"uid\" has 1 to "
              + MAX_UID
              + " letters, digits, - and _, got \""
              + (uid.length() > MAX_UID ? uid.substring(0, MAX_UID) + "…" : uid)
              + "\"");
    }
    int start = bytesOf(text, 0, (int) found.start);
    return new DashboardDocument(
        uid,
        title,
        List.copyOf(found.tags),
        start,
        start + bytesOf(text, (int) found.start, (int) found.end));
  }

  private static String text(byte[] bytes) throws Invalid {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT)
          .decode(ByteBuffer.wrap(bytes))
          .toString();
    } catch (CharacterCodingException e) {
      throw new Invalid("is not UTF-8; save it in that encoding");
    }
  }

  /** Returns how many bytes some characters have in UTF-8; none of them is half of a pair. */
  private static int bytesOf(String text, int from, int to) {
    int bytes = 0;
    for (int i = from; i < to; i++) {
      char c = text.charAt(i);
      bytes += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
    }
    return bytes;
  }

  private static Found parse(String text) throws Invalid {
    try (JsonParser in = JSON.createParser(text)) {
      if (in.nextToken() != JsonToken.START_OBJECT) {
        throw new Invalid("is no dashboard: it must be a JSON object");
      }
      Found found = object(in, 1);
      if (in.nextToken() != null) {
        throw new Invalid(place(in.currentTokenLocation()) + "something follows the dashboard");
      }
      return found;
    } catch (JsonProcessingException e) {
      throw new Invalid(place(e.getLocation()) + firstLine(e.getOriginalMessage()));
    } catch (IOException e) {
      throw new UncheckedIOException(e); // not from a String
    }
  }

  private static String place(@Nullable JsonLocation at) {
    return at == null ? "" : "line " + at.getLineNr() + ", column " + at.getColumnNr() + ": ";
  }

  private static String firstLine(@Nullable String message) {
    String text = String.valueOf(message);
    int source = text.indexOf("[Source"); // in parentheses; the position is in front already
    int end = source < 0 ? text.indexOf('\n') : text.lastIndexOf(" (", source);
    String line = end < 0 ? text : text.substring(0, end);
    return line.length() > 300 ? line.substring(0, 300) + "…" : line;
  }

  /** Reads the fields of an object whose brace has been read. */
  private static Found object(JsonParser in, int level) throws IOException, Invalid {
    Found found = new Found();
    found.start = in.currentTokenLocation().getCharOffset();
    while (in.nextToken() != JsonToken.END_OBJECT) {
      String name = in.currentName();
      JsonToken value = in.nextToken();
      if (value == JsonToken.START_ARRAY && (name.equals("panels") || name.equals("rows"))) {
        found.panels = true;
      } else if (value == JsonToken.VALUE_STRING && name.equals("uid")) {
        found.uid = in.getText();
      } else if (value == JsonToken.VALUE_STRING && name.equals("title")) {
        found.title = in.getText();
      }
      found.elements |= value == JsonToken.START_OBJECT && name.equals("elements");
      found.layout |= value == JsonToken.START_OBJECT && name.equals("layout");
      if (value == JsonToken.START_ARRAY && name.equals("tags")) {
        found.tags = tags(in);
      } else if (value == JsonToken.START_OBJECT && name.equals("dashboard") && level == 1) {
        found.wrapped = object(in, level + 1);
      } else if (value == JsonToken.START_OBJECT && name.equals("spec") && level == 1) {
        found.spec = object(in, level + 1);
      } else if (value == JsonToken.START_OBJECT && name.equals("metadata") && level == 1) {
        found.name = name(in);
      } else {
        skip(in, level);
      }
    }
    found.end = in.currentTokenLocation().getCharOffset() + 1;
    return found;
  }

  /** Reads the metadata of a resource up to its end; returns its name. */
  private static @Nullable String name(JsonParser in) throws IOException, Invalid {
    String found = null;
    while (in.nextToken() != JsonToken.END_OBJECT) {
      boolean wanted = "name".equals(in.currentName());
      if (in.nextToken() == JsonToken.VALUE_STRING && wanted) {
        found = in.getText();
      }
      skip(in, 2);
    }
    return found;
  }

  /** Reads an array up to its end; keeps its first strings. */
  private static List<String> tags(JsonParser in) throws IOException, Invalid {
    List<String> tags = new ArrayList<>();
    while (in.nextToken() != JsonToken.END_ARRAY) {
      if (in.currentToken() == JsonToken.VALUE_STRING
          && tags.size() < MAX_TAGS
          && in.getTextLength() <= MAX_TAG) {
        tags.add(in.getText());
      }
      skip(in, 2);
    }
    return tags;
  }

  /** Reads a value whose first token has been read up to its end. */
  private static void skip(JsonParser in, int level) throws IOException, Invalid {
    int depth = level;
    do {
      JsonToken token = in.currentToken();
      if (token == null) {
        return; // the next token says that the document ends early
      }
      if (token.isStructStart() && ++depth > MAX_LEVELS) {
        throw new Invalid(
            place(in.currentTokenLocation()) + "more than " + MAX_LEVELS + " levels of brackets");
      }
      if (token.isStructEnd()) {
        depth--;
      }
    } while (depth > level && in.nextToken() != null);
  }

  /** Returns a uid for a document without one: its title in small letters with hyphens. */
  private static String uidOf(String title) {
    String slug = title.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-", "");
    slug = slug.substring(0, Math.min(slug.length(), MAX_UID)).replaceAll("-$", "");
    return slug.isEmpty() ? "dashboard-" + sha256(title).substring(0, 12) : slug;
  }

  /** Returns a digest in hexadecimal digits. */
  static String sha256(String text) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
