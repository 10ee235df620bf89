package io.narthex.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import io.narthex.model.Labels;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * JSON responses: those of the Prometheus API in their {@link Envelope}, others bare. All are made
 * here and written with one generator, but for query results, which {@link JsonBytes} writes
 * without an object per value.
 */
final class Api {
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
          .disable(StreamWriteFeature.FLUSH_PASSED_TO_STREAM)
          .enable(JsonWriteFeature.COMBINE_UNICODE_SURROGATES_IN_UTF8) // as JsonBytes and Go do
          .build();

  private Api() {}

  /** Writes the content of a response. */
  interface Data {
    void write(JsonGenerator out) throws IOException;
  }

  // --- the Prometheus API

  /** Returns a successful response. */
  static Response success(Data data) {
    return success(data, List.of(), List.of());
  }

  /** Returns a successful response with warnings and infos. */
  static Response success(Data data, List<String> warnings, List<String> infos) {
    StreamingOutput body =
        stream -> {
          JsonBytes json = new JsonBytes(stream);
          Envelope.open(json);
          json.flush();
          try (JsonGenerator out = JSON.createGenerator(stream)) {
            data.write(out);
          }
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
  static Response json(int status, Data data) {
    StreamingOutput body = stream -> write(stream, data);
    return Response.status(status).entity(body).type(MediaType.APPLICATION_JSON_TYPE).build();
  }

  /** Returns a response with an empty object. */
  static Response empty() {
    return json(
        200,
        out -> {
          out.writeStartObject();
          out.writeEndObject();
        });
  }

  /** Returns an error response of the server's own API: {@code {"error": message}}. */
  static Response failure(int status, String message) {
    return json(status, out -> failure(out, message));
  }

  /** Returns the body of {@link #failure(int, String)}. */
  static String failure(String message) {
    StringWriter text = new StringWriter();
    try (JsonGenerator out = JSON.createGenerator(text)) {
      failure(out, message);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // not from a StringWriter
    }
    return text.toString();
  }

  private static void failure(JsonGenerator out, String message) throws IOException {
    out.writeStartObject();
    out.writeStringField("error", message);
    out.writeEndObject();
  }

  /** Writes JSON to a stream and leaves it open. */
  static void write(OutputStream stream, Data data) throws IOException {
    try (JsonGenerator out = JSON.createGenerator(stream)) {
      data.write(out);
    }
    stream.flush();
  }

  // --- values

  /** Returns a time as RFC 3339; 0 as Go's zero time. */
  static String time(long ms) {
    return ms == 0 ? "0001-01-01T00:00:00Z" : Instant.ofEpochMilli(ms).toString();
  }

  /** Writes a label set as an object. */
  static void labels(JsonGenerator out, Labels labels) throws IOException {
    out.writeStartObject();
    for (int i = 0; i < labels.size(); i++) {
      out.writeStringField(labels.name(i), labels.value(i));
    }
    out.writeEndObject();
  }

  /** Writes a list of strings. */
  static void strings(JsonGenerator out, List<String> strings) throws IOException {
    out.writeStartArray();
    for (String string : strings) {
      out.writeString(string);
    }
    out.writeEndArray();
  }

  /** Writes a field with an object of strings. */
  static void strings(JsonGenerator out, String name, Map<String, String> strings)
      throws IOException {
    out.writeObjectFieldStart(name);
    for (Map.Entry<String, String> e : strings.entrySet()) {
      out.writeStringField(e.getKey(), e.getValue());
    }
    out.writeEndObject();
  }

  /** Writes maps, lists, strings, numbers, booleans and null. */
  static void value(JsonGenerator out, @Nullable Object value) throws IOException {
    switch (value) {
      case null -> out.writeNull();
      case Map<?, ?> map -> {
        out.writeStartObject();
        for (Map.Entry<?, ?> e : map.entrySet()) {
          out.writeFieldName(String.valueOf(e.getKey()));
          value(out, e.getValue());
        }
        out.writeEndObject();
      }
      case Iterable<?> list -> {
        out.writeStartArray();
        for (Object element : list) {
          value(out, element);
        }
        out.writeEndArray();
      }
      case Boolean b -> out.writeBoolean(b);
      case Integer i -> out.writeNumber(i);
      case Long l -> out.writeNumber(l);
      case Double d -> out.writeNumber(d);
      case BigDecimal d -> out.writeNumber(d);
      default -> out.writeString(value.toString());
    }
  }
}
