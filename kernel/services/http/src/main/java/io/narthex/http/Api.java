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

/** The envelope of the Prometheus API, written as a stream. */
final class Api {
  private static final JsonFactory JSON =
      JsonFactory.builder().disable(StreamWriteFeature.AUTO_CLOSE_TARGET).build();
  static final int SHOWN_ANNOTATIONS = 10;

  private Api() {}

  /** Writes the {@code data} of an answer. */
  interface Data {
    void write(JsonGenerator out) throws IOException;
  }

  /** Returns a successful answer. */
  static Response success(Data data) {
    return success(data, List.of(), List.of());
  }

  /** Returns a successful answer with warnings and infos. */
  static Response success(Data data, List<String> warnings, List<String> infos) {
    StreamingOutput body =
        stream -> {
          try (JsonGenerator out = JSON.createGenerator(stream)) {
            out.writeStartObject();
            out.writeStringField("status", "success");
            out.writeFieldName("data");
            data.write(out);
            annotations(out, "warnings", warnings, "warning annotations");
            annotations(out, "infos", infos, "info annotations");
            out.writeEndObject();
          }
        };
    return Response.ok(body, MediaType.APPLICATION_JSON_TYPE).build();
  }

  private static void annotations(JsonGenerator out, String name, List<String> texts, String what)
      throws IOException {
    if (texts.isEmpty()) {
      return;
    }
    out.writeArrayFieldStart(name);
    for (int i = 0; i < Math.min(SHOWN_ANNOTATIONS, texts.size()); i++) {
      out.writeString(texts.get(i));
    }
    if (texts.size() > SHOWN_ANNOTATIONS) {
      out.writeString(texts.size() - SHOWN_ANNOTATIONS + " more " + what + " omitted");
    }
    out.writeEndArray();
  }

  /** Returns an answer that says what is wrong. */
  static Response error(ApiError error, String message) {
    StreamingOutput body =
        stream -> {
          try (JsonGenerator out = JSON.createGenerator(stream)) {
            out.writeStartObject();
            out.writeStringField("status", "error");
            out.writeStringField("errorType", error.text);
            out.writeStringField("error", message);
            out.writeEndObject();
          }
        };
    Response.ResponseBuilder answer =
        Response.status(error.status).entity(body).type(MediaType.APPLICATION_JSON_TYPE);
    if (error == ApiError.UNAVAILABLE_503) {
      answer.header("Retry-After", "1");
    }
    return answer.build();
  }

  /** Returns a JSON answer outside the envelope. */
  static Response json(int status, Data data) {
    StreamingOutput body =
        stream -> {
          try (JsonGenerator out = JSON.createGenerator(stream)) {
            data.write(out);
          }
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

  /** Writes a list of texts. */
  static void strings(JsonGenerator out, List<String> texts) throws IOException {
    out.writeStartArray();
    for (String text : texts) {
      out.writeString(text);
    }
    out.writeEndArray();
  }
}
