package io.narthex.http;

import io.narthex.model.go.GoString;
import io.narthex.model.go.GoUrl;

/** What requests contain in the forms of Go's libraries. */
final class GoText {
  /** 0001-01-01T00:00:00Z, Go's zero time. */
  static final long ZERO_TIME_SECONDS = -62_135_596_800L;

  /** Most characters of a value in an error. */
  private static final int MAX_SHOWN = 1000;

  private GoText() {}

  /** Returns whether a text is an absolute URL or an absolute path. */
  static boolean isRequestUrl(String text) {
    try {
      GoUrl unused = GoUrl.parseRequest(text);
      return true;
    } catch (GoUrl.InvalidUrlException e) {
      return false;
    }
  }

  /** Returns the beginning of a string in quotes, for errors. */
  static String quote(String text) {
    return GoString.quote(text.substring(0, Math.min(text.length(), MAX_SHOWN)));
  }
}
