package io.narthex.exposition;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The formats a target may send, and the choice among them by Content-Type. */
public enum ExpositionFormat {
  /** Prometheus text 0.0.4 and 1.0.0. */
  PROMETHEUS_TEXT("text/plain"),
  /** OpenMetrics text 0.0.1 and 1.0.0. */
  OPENMETRICS_TEXT("application/openmetrics-text"),
  /** Length-delimited protobuf. */
  PROMETHEUS_PROTO("application/vnd.google.protobuf");

  private final String mediaType;

  ExpositionFormat(String mediaType) {
    this.mediaType = mediaType;
  }

  /** Returns the media type without parameters. */
  public String mediaType() {
    return mediaType;
  }

  /**
   * The format chosen by a Content-Type.
   *
   * @param format null when the scrape must fail
   * @param problem error when there is no format, warning otherwise; null when there is none
   */
  public record Choice(@Nullable ExpositionFormat format, @Nullable String problem) {}

  /**
   * Chooses a format by the header of the response.
   *
   * @param contentType value of Content-Type, empty when absent
   * @param fallback name of the protocol to use when the header names no known format; empty for
   *     none
   */
  public static Choice choose(String contentType, String fallback) {
    ExpositionFormat second = ofProtocol(fallback);
    String problem;
    if (contentType.isEmpty()) {
      problem = "non-compliant scrape target sending blank Content-Type";
    } else {
      String broken = mediaTypeError(contentType);
      if (broken != null) {
        problem = "received unparseable Content-Type " + Excerpt.quote(contentType) + ": " + broken;
      } else {
        String media = contentType.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
        for (ExpositionFormat f : values()) {
          if (f.mediaType.equals(media)) {
            return new Choice(f, null);
          }
        }
        problem = "received unsupported Content-Type " + Excerpt.quote(contentType);
      }
    }
    return second == null
        ? new Choice(null, problem + " and no fallback_scrape_protocol specified for target")
        : new Choice(
            second,
            problem + ", using fallback_scrape_protocol " + Excerpt.quote(second.mediaType));
  }

  /** Returns the format of a protocol as the configuration names it, or null. */
  public static @Nullable ExpositionFormat ofProtocol(String protocol) {
    return switch (protocol) {
      case "PrometheusText0.0.4", "PrometheusText1.0.0" -> PROMETHEUS_TEXT;
      case "OpenMetricsText0.0.1", "OpenMetricsText1.0.0" -> OPENMETRICS_TEXT;
      case "PrometheusProto" -> PROMETHEUS_PROTO;
      default -> null;
    };
  }

  /** Returns a new parser of this format. */
  public ExpositionParser parser(ParserOptions options) {
    ExpositionParser plain =
        switch (this) {
          case PROMETHEUS_TEXT -> new PrometheusTextParser(options);
          case OPENMETRICS_TEXT -> new OpenMetricsParser(options);
          case PROMETHEUS_PROTO -> new ProtobufParser(options);
        };
    return options.convertClassicToNhcb()
        ? new NhcbParser(plain, options.keepClassic(), this == PROMETHEUS_PROTO)
        : plain;
  }

  /** Returns the error of Go's mime package for a media type, or null. */
  private static @Nullable String mediaTypeError(String text) {
    int semicolon = text.indexOf(';');
    String media = (semicolon < 0 ? text : text.substring(0, semicolon)).strip();
    int slash = media.indexOf('/');
    String kind = slash < 0 ? media : media.substring(0, slash);
    if (!isToken(kind)) {
      return "mime: no media type";
    }
    if (slash >= 0) {
      String sub = media.substring(slash + 1);
      int end = 0;
      while (end < sub.length() && isTokenChar(sub.charAt(end))) {
        end++;
      }
      if (end == 0) {
        return "mime: expected token after slash";
      }
      if (end < sub.length()) {
        return "mime: unexpected content after media subtype";
      }
    }
    return semicolon < 0 ? null : new MediaParameters(text.substring(semicolon)).error();
  }

  private static boolean isToken(String s) {
    for (int i = 0; i < s.length(); i++) {
      if (!isTokenChar(s.charAt(i))) {
        return false;
      }
    }
    return !s.isEmpty();
  }

  static boolean isTokenChar(char c) {
    return c > 0x20 && c < 0x7f && "()<>@,;:\\\"/[]?=".indexOf(c) < 0;
  }
}
