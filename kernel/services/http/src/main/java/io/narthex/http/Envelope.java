package io.narthex.http;

import java.io.IOException;
import java.util.List;

/**
 * The envelope around every response of the Prometheus API: {@code status}, {@code data}, {@code
 * warnings}, {@code infos}, or the error.
 */
final class Envelope {
  private static final byte[] SUCCESS = JsonBytes.ascii("{\"status\":\"success\",\"data\":");
  private static final byte[] ERROR = JsonBytes.ascii("{\"status\":\"error\",\"errorType\":");
  private static final int SHOWN_ANNOTATIONS = 10;

  private Envelope() {}

  /** Writes the part before the data. */
  static void open(JsonBytes json) throws IOException {
    json.raw(SUCCESS);
  }

  /** Writes the part after the data. */
  static void close(JsonBytes json, List<String> warnings, List<String> infos) throws IOException {
    annotations(json, "warning", warnings);
    annotations(json, "info", infos);
    json.raw('}');
  }

  private static void annotations(JsonBytes json, String what, List<String> texts)
      throws IOException {
    if (texts.isEmpty()) {
      return;
    }
    json.raw(",\"");
    json.raw(what);
    json.raw("s\":[");
    int shown = Math.min(SHOWN_ANNOTATIONS, texts.size());
    for (int i = 0; i < shown; i++) {
      if (i > 0) {
        json.raw(',');
      }
      json.text(texts.get(i));
    }
    if (texts.size() > shown) {
      json.raw(',');
      json.text(texts.size() - shown + " more " + what + " annotations omitted");
    }
    json.raw(']');
  }

  /** Writes an error response. */
  static void error(JsonBytes json, ApiError error, String message) throws IOException {
    json.raw(ERROR);
    json.text(error.text);
    json.raw(",\"error\":");
    json.text(message);
    json.raw('}');
  }
}
