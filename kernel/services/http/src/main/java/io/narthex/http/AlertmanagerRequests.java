package io.narthex.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.io.JsonEOFException;
import io.narthex.service.alerts.AlertmanagerService.PostedAlert;
import io.narthex.service.alerts.AlertmanagerService.SilenceRequest;
import io.narthex.service.config.AlertmanagerConfig.LabelMatcher;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the bodies of Alertmanager's API as its generated server does: a value of the wrong type is
 * 400, a missing or invalid one 422, keys match in any case, unknown keys and what follows the
 * value are ignored. Reads a stream, never a tree.
 */
final class AlertmanagerRequests {
  private static final int DEEPEST = 64;
  private static final int MAX_ALERTS = 50_000;

  /** Codes of the validator of the original, all answered with status 422. */
  static final int WRONG_FORM = 601;

  static final int REQUIRED = 602;
  private static final int TOO_FEW = 612;

  private static final Pattern TIME =
      Pattern.compile(
          "(\\d{4})-(\\d{2})-(\\d{2})"
              + "(?:(?<sep>[T ])(\\d{2}):(\\d{2})(?::(\\d{2})(?:[.,](\\d+))?)?"
              + "(?<zone>Z|[+-]\\d{2}:?\\d{2})?)?",
          0);

  /** A body that is refused. */
  static final class Refusal extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final int status;
    private final int code;

    Refusal(int status, int code, String message) {
      super(message, null, false, false);
      this.status = status;
      this.code = code;
    }

    int status() {
      return status;
    }

    int code() {
      return code;
    }
  }

  private final JsonFactory json;
  private final long maxBytes;

  AlertmanagerRequests(long maxBytes) {
    this.maxBytes = maxBytes;
    json =
        JsonFactory.builder()
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .streamReadConstraints(
                StreamReadConstraints.builder()
                    .maxNestingDepth(DEEPEST)
                    .maxDocumentLength(maxBytes)
                    .maxStringLength((int) Math.min(maxBytes, Integer.MAX_VALUE))
                    .maxNameLength(64 << 10)
                    .maxNumberLength(1000)
                    .build())
            .build();
  }

  private static Refusal invalid(int code, String message) {
    return new Refusal(422, code, message);
  }

  static Refusal required(String name) {
    return invalid(REQUIRED, name + " in body is required");
  }

  /** Reads a body from its first token. */
  private interface Reading<T> {
    T read(JsonParser in) throws IOException;
  }

  private <T> T read(InputStream body, String name, Reading<T> reading) throws IOException {
    // a reader and not the bytes: invalid UTF-8 becomes U+FFFD, as in the original
    try (JsonParser in =
        json.createParser(
            new InputStreamReader(new Limited(body, maxBytes), StandardCharsets.UTF_8))) {
      if (in.nextToken() == null) {
        throw required(name);
      }
      return reading.read(in);
    } catch (JsonEOFException e) {
      throw unreadable(name, "unexpected EOF");
    } catch (JsonProcessingException e) {
      throw unreadable(name, e.getOriginalMessage());
    } catch (Mismatch e) {
      throw unreadable(name, String.valueOf(e.getMessage()));
    }
  }

  private static Refusal unreadable(String name, String why) {
    return new Refusal(400, 400, "parsing " + name + " body from \"\" failed, because " + why);
  }

  /** A value of the wrong kind. */
  private static final class Mismatch extends RuntimeException {
    private static final long serialVersionUID = 1;

    Mismatch(String message) {
      super(message, null, false, false);
    }

    static Mismatch of(JsonParser in, String where) {
      String kind =
          switch (in.currentToken()) {
            case START_OBJECT -> "object";
            case START_ARRAY -> "array";
            case VALUE_STRING -> "string";
            case VALUE_TRUE, VALUE_FALSE -> "bool";
            default -> "number";
          };
      return new Mismatch("json: cannot unmarshal " + kind + " into Go " + where);
    }
  }

  // --- alerts

  /** Reads posted alerts. */
  List<PostedAlert> alerts(InputStream body) throws IOException {
    return read(
        body,
        "alerts",
        in -> {
          List<PostedAlert> out = new ArrayList<>();
          if (in.currentToken() == JsonToken.VALUE_NULL) {
            return out;
          }
          if (in.currentToken() != JsonToken.START_ARRAY) {
            throw Mismatch.of(in, "value of type models.PostableAlerts");
          }
          Refusal first = null;
          int i = 0;
          while (in.nextToken() != JsonToken.END_ARRAY) {
            if (i == MAX_ALERTS) {
              throw new Refusal(
                  413,
                  413,
                  "alerts: more than " + MAX_ALERTS + " in one request; send them in several");
            }
            try {
              out.add(alert(in, i + "."));
            } catch (Refusal e) {
              // a syntax error in the rest takes precedence over an invalid alert
              first = first == null ? e : first;
              finish(in);
            }
            i++;
          }
          if (first != null) {
            throw first;
          }
          return out;
        });
  }

  /** Skips the rest of a value that was refused before its end. */
  private static void finish(JsonParser in) throws IOException {
    if (in.currentToken() != JsonToken.END_OBJECT && in.currentToken() != JsonToken.VALUE_NULL) {
      in.skipChildren();
    }
  }

  private static PostedAlert alert(JsonParser in, String place) throws IOException {
    if (in.currentToken() == JsonToken.VALUE_NULL) {
      throw required(place.substring(0, place.length() - 1));
    }
    if (in.currentToken() != JsonToken.START_OBJECT) {
      throw Mismatch.of(in, "value of type models.PostableAlert");
    }
    Map<String, String> labels = null;
    Map<String, String> annotations = Map.of();
    Instant startsAt = null;
    Instant endsAt = null;
    String generator = "";
    while (in.nextToken() == JsonToken.FIELD_NAME) {
      String key = in.currentName().toLowerCase(Locale.ROOT);
      in.nextToken();
      switch (key) {
        case "labels" -> labels = texts(in, "Alert.labels");
        case "annotations" -> {
          Map<String, String> given = texts(in, ".annotations");
          annotations = given == null ? Map.of() : given;
        }
        case "startsat" -> startsAt = set(time(in));
        case "endsat" -> endsAt = set(time(in));
        case "generatorurl" -> {
          String text = text(in, "value of type string");
          generator = text == null ? "" : text;
        }
        default -> in.skipChildren();
      }
    }
    if (!generator.isEmpty() && !GoText.isRequestUrl(generator)) {
      throw invalid(
          WRONG_FORM,
          place + "generatorURL in body must be of type uri: " + GoText.quote(generator));
    }
    if (labels == null) {
      throw required(place + "labels");
    }
    return new PostedAlert(labels, annotations, startsAt, endsAt, generator);
  }

  /** Returns null for Go's zero time, the first of January of the year 1. */
  private static @Nullable Instant set(@Nullable Instant time) {
    return time == null || time.getEpochSecond() == GoText.ZERO_TIME_SECONDS ? null : time;
  }

  // --- silences

  /** Reads a posted silence. */
  SilenceRequest silence(InputStream body) throws IOException {
    return read(body, "silence", AlertmanagerRequests::silence);
  }

  private static SilenceRequest silence(JsonParser in) throws IOException {
    String id = "";
    List<LabelMatcher> matchers = null;
    Instant startsAt = null;
    Instant endsAt = null;
    String createdBy = null;
    String comment = null;
    Map<String, String> annotations = Map.of();
    Refusal ofMatcher = null;
    if (in.currentToken() != JsonToken.VALUE_NULL) {
      if (in.currentToken() != JsonToken.START_OBJECT) {
        throw Mismatch.of(in, "value of type models.PostableSilence");
      }
      while (in.nextToken() == JsonToken.FIELD_NAME) {
        String key = in.currentName().toLowerCase(Locale.ROOT);
        in.nextToken();
        switch (key) {
          case "id" -> {
            String text = text(in, "struct field .id of type string");
            id = text == null ? "" : text;
          }
          case "matchers" -> {
            matchers = null;
            ofMatcher = null;
            if (in.currentToken() == JsonToken.VALUE_NULL) {
              continue;
            }
            if (in.currentToken() != JsonToken.START_ARRAY) {
              throw Mismatch.of(in, "struct field Silence.matchers of type models.Matchers");
            }
            matchers = new ArrayList<>();
            for (int i = 0; in.nextToken() != JsonToken.END_ARRAY; i++) {
              try {
                matchers.add(matcher(in, "matchers." + i));
              } catch (Refusal e) {
                ofMatcher = ofMatcher == null ? e : ofMatcher;
                finish(in);
              }
            }
          }
          case "startsat" -> startsAt = time(in);
          case "endsat" -> endsAt = time(in);
          case "createdby" -> createdBy = text(in, "struct field Silence.createdBy of type string");
          case "comment" -> comment = text(in, "struct field Silence.comment of type string");
          case "annotations" -> {
            Map<String, String> given = texts(in, "Silence.annotations");
            annotations = given == null ? Map.of() : given;
          }
          default -> in.skipChildren();
        }
      }
    }
    if (comment == null) {
      throw required("comment");
    }
    if (createdBy == null) {
      throw required("createdBy");
    }
    if (endsAt == null) {
      throw required("endsAt");
    }
    if (ofMatcher != null) {
      throw ofMatcher;
    }
    if (matchers == null) {
      throw required("matchers");
    }
    if (matchers.isEmpty()) {
      throw invalid(TOO_FEW, "matchers in body should have at least 1 items");
    }
    if (startsAt == null) {
      throw required("startsAt");
    }
    return new SilenceRequest(id, matchers, startsAt, endsAt, createdBy, comment, annotations);
  }

  private static LabelMatcher matcher(JsonParser in, String place) throws IOException {
    if (in.currentToken() == JsonToken.VALUE_NULL) {
      throw required(place);
    }
    if (in.currentToken() != JsonToken.START_OBJECT) {
      throw Mismatch.of(in, "struct field Silence.matchers of type models.Matcher");
    }
    String name = null;
    String value = null;
    Boolean regex = null;
    Boolean equal = null;
    String field = "struct field Silence." + place;
    while (in.nextToken() == JsonToken.FIELD_NAME) {
      String key = in.currentName().toLowerCase(Locale.ROOT);
      in.nextToken();
      switch (key) {
        case "name" -> name = text(in, field + ".name of type string");
        case "value" -> value = text(in, field + ".value of type string");
        case "isregex" -> regex = bool(in, field + ".isRegex of type bool");
        case "isequal" -> equal = bool(in, field + ".isEqual of type bool");
        default -> in.skipChildren();
      }
    }
    if (regex == null) {
      throw required(place + ".isRegex");
    }
    if (name == null) {
      throw required(place + ".name");
    }
    if (value == null) {
      throw required(place + ".value");
    }
    boolean is = equal == null || equal;
    return new LabelMatcher(name, is ? (regex ? "=~" : "=") : regex ? "!~" : "!=", value);
  }

  // --- values; null when absent

  private static @Nullable String text(JsonParser in, String where) throws IOException {
    return switch (in.currentToken()) {
      case VALUE_NULL -> null;
      case VALUE_STRING -> wellFormed(in.getText());
      default -> throw Mismatch.of(in, where);
    };
  }

  private static @Nullable Boolean bool(JsonParser in, String where) {
    return switch (in.currentToken()) {
      case VALUE_NULL -> null;
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default -> throw Mismatch.of(in, where);
    };
  }

  private static @Nullable Map<String, String> texts(JsonParser in, String field)
      throws IOException {
    if (in.currentToken() == JsonToken.VALUE_NULL) {
      return null;
    }
    if (in.currentToken() != JsonToken.START_OBJECT) {
      throw Mismatch.of(in, "struct field " + field + " of type models.LabelSet");
    }
    Map<String, String> out = new LinkedHashMap<>();
    while (in.nextToken() == JsonToken.FIELD_NAME) {
      String name = wellFormed(in.currentName());
      in.nextToken();
      String value = text(in, "struct field " + field + "." + name + " of type string");
      out.put(name, value == null ? "" : value);
    }
    return out;
  }

  /** Halves of surrogate pairs, which escapes can make, become U+FFFD. */
  private static String wellFormed(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        return new String(text.getBytes(StandardCharsets.UTF_16BE), StandardCharsets.UTF_16BE);
      }
    }
    return text;
  }

  private static @Nullable Instant time(JsonParser in) throws IOException {
    String text = text(in, "value of type string");
    return text == null ? null : time(text);
  }

  /** Reads a time in one of the formats of the original; the empty string is the epoch. */
  static Instant time(String text) {
    if (text.isEmpty()) {
      return Instant.EPOCH;
    }
    Matcher m = text.length() > 64 ? TIME.matcher("") : TIME.matcher(text);
    if (m.matches()) {
      String second = m.group(7);
      String fraction = m.group(8);
      String zone = m.group("zone");
      boolean good =
          switch (String.valueOf(m.group("sep"))) {
            case "T" ->
                second == null
                    ? zone == null || zone.equals("Z")
                    : zone == null || zone.length() != 5 || milliOrMicro(fraction);
            case " " -> second != null && zone == null;
            default -> true;
          };
      if (good) {
        try {
          LocalDateTime local =
              LocalDateTime.of(
                  Rfc3339.number(m.group(1)),
                  Rfc3339.number(m.group(2)),
                  Rfc3339.number(m.group(3)),
                  Rfc3339.number(m.group(5)),
                  Rfc3339.number(m.group(6)),
                  Rfc3339.number(second),
                  Rfc3339.nanos(fraction));
          return local.toInstant(ZoneOffset.UTC).minusSeconds(Rfc3339.offset(zone));
        } catch (DateTimeException e) {
          throw new Mismatch("parsing time " + GoText.quote(text) + ": " + e.getMessage());
        }
      }
    }
    throw new Mismatch("parsing time " + GoText.quote(text) + ": no known form of a time");
  }

  private static boolean milliOrMicro(@Nullable String fraction) {
    return fraction != null && (fraction.length() == 3 || fraction.length() == 6);
  }

  /** Refuses a body that is too long instead of reading the rest. */
  private static final class Limited extends InputStream {
    private final InputStream in;
    private final long limit;
    private long left;

    Limited(InputStream in, long limit) {
      this.in = in;
      this.limit = limit;
      this.left = limit;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 255;
    }

    @Override
    public int read(byte[] into, int at, int length) throws IOException {
      int n = in.read(into, at, length);
      if (n > 0) {
        left -= n;
        if (left < 0) {
          throw tooLong(limit);
        }
      }
      return n;
    }
  }

  static Refusal tooLong(long limit) {
    return new Refusal(
        413,
        413,
        "request body too large: more than "
            + limit
            + " bytes; send less at once or raise --web.max-alerting-body-bytes");
  }
}
