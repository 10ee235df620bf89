package io.narthex.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import io.narthex.model.Labels;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.IOException;
import java.util.List;

/** Responses of the APIs, written as a stream. */
final class Api {
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
          .disable(StreamWriteFeature.FLUSH_PASSED_TO_STREAM)
          .build();

  private Api() {}

  /** Writes the {@code data} of a response. */
  interface Data {
    void write(JsonGenerator out) throws IOException;
  }

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

  /** Returns a JSON response without the envelope. */
  static Response json(int status, Data data) {
    StreamingOutput body =
        stream -> {
          try (JsonGenerator out = JSON.createGenerator(stream)) {
            data.write(out);
          }
          stream.flush();
        };
    return Response.status(status).entity(body).type(MediaType.APPLICATION_JSON_TYPE).build();
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
  static void strings(JsonGenerator out, List<String> texts) throws IOException {
    out.writeStartArray();
    for (String text : texts) {
      out.writeString(text);
    }
    out.writeEndArray();
  }
}
