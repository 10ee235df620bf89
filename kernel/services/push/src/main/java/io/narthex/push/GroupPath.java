package io.narthex.push;

import io.narthex.exposition.ProtobufWire;
import io.narthex.exposition.family.SeriesLabels;
import io.narthex.model.Labels;
import io.narthex.model.go.GoString;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** Reads the labels of a group out of the path of a push. */
final class GroupPath {
  private static final String BASE64 = "@base64";
  private static final String ESCAPED = "U__";

  private GroupPath() {}

  /** A path that names no group; the message is the response. */
  static class BadPathException extends Exception {
    private static final long serialVersionUID = 1;

    BadPathException(String message) {
      super(message, null, false, false);
    }

    /** Returns whether the path is well-formed, but of a group that there cannot be. */
    boolean isOfNoGroup() {
      return false;
    }
  }

  /** A value that is not UTF-8, which no group has. */
  private static final class NotUtf8Exception extends BadPathException {
    private static final long serialVersionUID = 1;

    NotUtf8Exception(String encoded) {
      super("the value " + GoString.quote(encoded) + " is not valid UTF-8 once it is decoded");
    }

    @Override
    boolean isOfNoGroup() {
      return true;
    }
  }

  /**
   * Returns the labels of a group.
   *
   * @param path what follows {@code /metrics/}, decoded: {@code job/<name>}, then names and values
   * @param utf8Names whether a name in the escaping scheme {@code values} is unescaped
   */
  static SeriesLabels read(String path, boolean utf8Names) throws BadPathException {
    int end = path.indexOf('/');
    String first = path.substring(0, end); // job or job@base64
    int rest = path.indexOf('/', end + 1);
    String job = rest < 0 ? path.substring(end + 1) : path.substring(end + 1, rest);
    if (first.endsWith(BASE64)) {
      try {
        job = decoded(job);
      } catch (IllegalArgumentException e) {
        throw new BadPathException(
            "invalid base64 encoding in job name " + GoString.quote(job) + ": " + e.getMessage());
      }
    }
    SeriesLabels.Builder labels = new SeriesLabels.Builder();
    String pairs = rest < 0 ? "" : path.substring(rest);
    if (pairs.length() > 1) {
      split(pairs, utf8Names, labels);
    }
    if (job.isEmpty()) {
      throw new BadPathException("job name is required");
    }
    return labels.set("job", job).build();
  }

  private static void split(String pairs, boolean utf8Names, SeriesLabels.Builder labels)
      throws BadPathException {
    String[] parts = pairs.substring(1).split("/", -1);
    if (parts.length % 2 != 0) {
      throw new BadPathException(
          "odd number of components in label string " + GoString.quote(pairs));
    }
    for (int i = 0; i < parts.length; i += 2) {
      boolean encoded = parts[i].endsWith(BASE64);
      String written =
          encoded ? parts[i].substring(0, parts[i].length() - BASE64.length()) : parts[i];
      String name = utf8Names ? unescaped(written) : written;
      boolean valid = utf8Names ? !name.isEmpty() : Labels.isLegacyName(name);
      if (!valid || written.startsWith("__")) {
        throw new BadPathException("improper label name " + GoString.quote(written));
      }
      String value = parts[i + 1];
      if (encoded) {
        try {
          value = decoded(value);
        } catch (IllegalArgumentException e) {
          throw new BadPathException(
              "invalid base64 encoding for label "
                  + written
                  + "="
                  + GoString.quote(value)
                  + ": "
                  + e.getMessage());
        }
      }
      labels.set(name, value);
    }
  }

  /** Decodes base64 with the alphabet of URLs; any padding is accepted. */
  private static String decoded(String text) throws BadPathException {
    int end = text.length();
    while (end > 0 && text.charAt(end - 1) == '=') {
      end--;
    }
    String raw = text.substring(0, end);
    for (int i = 0; i < end; i++) {
      char c = raw.charAt(i);
      boolean letter = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
      if (!letter && c != '-' && c != '_') {
        throw new IllegalArgumentException("illegal base64 data at input byte " + i);
      }
    }
    if (end % 4 == 1) {
      throw new IllegalArgumentException("illegal base64 data at input byte " + (end - 1));
    }
    byte[] bytes = Base64.getUrlDecoder().decode(raw);
    if (!ProtobufWire.isUtf8(bytes, 0, bytes.length)) {
      throw new NotUtf8Exception(text);
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /** Undoes the escaping scheme {@code values}: {@code U__a_2e_b} is {@code a.b}. */
  private static String unescaped(String name) {
    if (!name.startsWith(ESCAPED)) {
      return name;
    }
    StringBuilder out = new StringBuilder();
    for (int i = ESCAPED.length(); i < name.length(); i++) {
      char c = name.charAt(i);
      if (c != '_') {
        out.append(c);
        continue;
      }
      if (i + 1 < name.length() && name.charAt(i + 1) == '_') {
        out.append('_');
        i++;
        continue;
      }
      int end = name.indexOf('_', i + 1);
      if (end < 0 || end == i + 1 || end > i + 7) {
        return name;
      }
      try {
        int code = Integer.parseInt(name.substring(i + 1, end), 16);
        if (!Character.isValidCodePoint(code) || code >= 0xd800 && code <= 0xdfff) {
          return name;
        }
        out.appendCodePoint(code);
      } catch (NumberFormatException _) {
        return name;
      }
      i = end;
    }
    return out.toString();
  }
}
