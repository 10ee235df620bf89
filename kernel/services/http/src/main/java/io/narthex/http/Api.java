package io.narthex.http;

import jakarta.servlet.http.HttpServletResponse;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.IOException;
import java.time.Instant;
import java.util.List;

/**
 * JSON responses: those of the Prometheus API in their {@link Envelope}, others bare. All are made
 * here.
 */
final class Api {
  private Api() {}

  // --- the Prometheus API

  /** Returns a successful response. */
  static Response success(Json.Content data) {
    return success(data, List.of(), List.of());
  }

  /** Returns a successful response with warnings and infos. */
  static Response success(Json.Content data, List<String> warnings, List<String> infos) {
    StreamingOutput body =
        stream -> {
          JsonBytes json = new JsonBytes(stream);
          Envelope.open(json);
          json.flush();
          Json.write(stream, data);
          Envelope.close(json, warnings, infos);
          json.flush();
          stream.flush();
        };
    return Response.ok(body, MediaType.APPLICATION_JSON_TYPE).build();
  }

  /** Returns an error response. */
  static Response error(ApiError error, String message) {
    StreamingOutput body =
        stream -> {
          JsonBytes json = new JsonBytes(stream);
          Envelope.error(json, error, message);
          json.flush();
          stream.flush();
        };
    Response.ResponseBuilder answer =
        Response.status(error.status).entity(body).type(MediaType.APPLICATION_JSON_TYPE);
    return error.retryAfter == null
        ? answer.build()
        : answer.header("Retry-After", error.retryAfter).build();
  }

  /**
   * Sends an error response from a filter.
   *
   * @throws IOException also when part of another response has been sent
   */
  static void error(HttpServletResponse out, ApiError error, String message) throws IOException {
    if (out.isCommitted()) {
      throw new IOException("the response cannot be finished");
    }
    out.resetBuffer();
    out.setStatus(error.status);
    out.setContentType(MediaType.APPLICATION_JSON);
    if (error.retryAfter != null && !out.containsHeader("Retry-After")) {
      out.setHeader("Retry-After", error.retryAfter);
    }
    JsonBytes json = new JsonBytes(out.getOutputStream());
    Envelope.error(json, error, message);
    finish(out, json);
  }

  /** Ends a response from a filter, with its length when it is small. */
  static void finish(HttpServletResponse out, JsonBytes json) throws IOException {
    if (json.buffered() >= 0) {
      out.setContentLength(json.buffered());
    }
    json.flush();
  }

  // --- other APIs

  /** Returns a JSON response without the envelope. */
  static Response json(int status, Json.Content content) {
    StreamingOutput body =
        stream -> {
          Json.write(stream, content);
          stream.flush();
        };
    return Response.status(status).entity(body).type(MediaType.APPLICATION_JSON_TYPE).build();
  }

  /** Returns a response with an empty object. */
  static Response empty() {
    return json(200, out -> out.object(() -> {}));
  }

  /** Returns an error response of the server's own API: {@code {"error": message}}. */
  static Response failure(int status, String message) {
    return json(status, out -> out.object(() -> out.field("error", message)));
  }

  /** Returns the body of {@link #failure(int, String)}. */
  static String failure(String message) {
    return Json.text(out -> out.object(() -> out.field("error", message)));
  }

  /** Returns a time as RFC 3339; 0 as Go's zero time. */
  static String time(long ms) {
    return ms == 0 ? "0001-01-01T00:00:00Z" : Instant.ofEpochMilli(ms).toString();
  }
}
