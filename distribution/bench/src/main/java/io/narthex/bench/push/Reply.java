package io.narthex.bench.push;

import java.util.List;

/**
 * What a server answers.
 *
 * @param status 0 when it closed the connection without an answer
 */
public record Reply(int status, String body) {
  /** The status of an answer that did not come. */
  public static final int NONE = 0;

  private static final String INVALID =
      "pushed metrics are invalid or inconsistent with existing metrics: ";
  private static final String NO_TIMESTAMPS = "pushed metrics must not have timestamps";
  private static final String BASE64 = "invalid base64 encoding";
  private static final List<String> WHOLE =
      List.of("odd number of components in label string ", "improper label name ");

  /**
   * Returns whether another server answers the same. Where the original closes the connection after
   * a fault of its own, the other one refuses; where the router of the original redirects to a path
   * without empty parts, the other one may do so or refuse.
   */
  boolean agrees(Reply other) {
    return switch (status) {
      case NONE -> other.status == NONE || other.status == 400;
      case 301, 307 -> other.status / 100 == 3 || other.status == 400 || other.status == 404;
      default -> status == other.status;
    };
  }

  /** Returns whether something was changed. */
  boolean accepted() {
    return status / 100 == 2;
  }

  /** Returns the part of a refusal's text that is documented, empty when none is. */
  String documented() {
    String text = body.strip();
    if (text.equals("job name is required") || WHOLE.stream().anyMatch(text::startsWith)) {
      return text;
    }
    if (text.startsWith(INVALID)) {
      return text.endsWith(NO_TIMESTAMPS) ? text : INVALID;
    }
    return text.startsWith(BASE64) ? BASE64 : "";
  }
}
