package io.narthex.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import io.narthex.model.Labels;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes JSON as a stream. Objects and arrays take what they contain as code, so that brackets
 * always match. Query results are written by {@link JsonBytes}, without an object per value.
 */
final class Json {
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
          .disable(StreamWriteFeature.FLUSH_PASSED_TO_STREAM)
          .enable(JsonWriteFeature.COMBINE_UNICODE_SURROGATES_IN_UTF8) // as JsonBytes and Go do
          .build();

  /** Writes one value. */
  interface Content {
    void write(Json out) throws IOException;
  }

  /** Writes the fields of an object. */
  interface Fields {
    void write() throws IOException;
  }

  /** Writes an element of an array. */
  interface Element<T> {
    void write(T element) throws IOException;
  }

  private final JsonGenerator out;

  private Json(JsonGenerator out) {
    this.out = out;
  }

  /** Writes a value to a stream and leaves that open. */
  static void write(OutputStream stream, Content content) throws IOException {
    try (JsonGenerator out = FACTORY.createGenerator(stream)) {
      content.write(new Json(out));
    }
  }

  /** Returns a value as a string. */
  static String text(Content content) {
    StringWriter text = new StringWriter();
    try (JsonGenerator out = FACTORY.createGenerator(text)) {
      content.write(new Json(out));
    } catch (IOException e) {
      throw new UncheckedIOException(e); // not from a StringWriter
    }
    return text.toString();
  }

  // --- values

  void object(Fields fields) throws IOException {
    out.writeStartObject();
    fields.write();
    out.writeEndObject();
  }

  <T> void array(Iterable<T> elements, Element<? super T> element) throws IOException {
    out.writeStartArray();
    for (T e : elements) {
      element.write(e);
    }
    out.writeEndArray();
  }

  /** Writes an array of objects. */
  <T> void objects(Iterable<T> elements, Element<? super T> fields) throws IOException {
    array(elements, e -> object(() -> fields.write(e)));
  }

  void string(String value) throws IOException {
    out.writeString(value);
  }

  void labels(Labels labels) throws IOException {
    out.writeStartObject();
    for (int i = 0; i < labels.size(); i++) {
      out.writeStringField(labels.name(i), labels.value(i));
    }
    out.writeEndObject();
  }

  /** Writes maps, lists, strings, numbers, booleans and null. */
  void value(@Nullable Object value) throws IOException {
    switch (value) {
      case null -> out.writeNull();
      case Map<?, ?> map -> {
        out.writeStartObject();
        for (Map.Entry<?, ?> e : map.entrySet()) {
          out.writeFieldName(String.valueOf(e.getKey()));
          value(e.getValue());
        }
        out.writeEndObject();
      }
      case Iterable<?> list -> {
        out.writeStartArray();
        for (Object element : list) {
          value(element);
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

  // --- fields of an object

  void object(String name, Fields fields) throws IOException {
    out.writeFieldName(name);
    object(fields);
  }

  <T> void array(String name, Iterable<T> elements, Element<? super T> element) throws IOException {
    out.writeFieldName(name);
    array(elements, element);
  }

  /** Writes an array of objects. */
  <T> void objects(String name, Iterable<T> elements, Element<? super T> fields)
      throws IOException {
    out.writeFieldName(name);
    objects(elements, fields);
  }

  void field(String name, @Nullable String value) throws IOException {
    out.writeStringField(name, value);
  }

  void field(String name, long value) throws IOException {
    out.writeNumberField(name, value);
  }

  void field(String name, double value) throws IOException {
    out.writeNumberField(name, value);
  }

  void field(String name, boolean value) throws IOException {
    out.writeBooleanField(name, value);
  }

  void field(String name, Labels labels) throws IOException {
    out.writeFieldName(name);
    labels(labels);
  }

  void field(String name, List<String> strings) throws IOException {
    array(name, strings, this::string);
  }

  void field(String name, Map<String, String> strings) throws IOException {
    out.writeFieldName(name);
    value(strings);
  }

  /** Writes a number that is formatted already. */
  void number(String name, String digits) throws IOException {
    out.writeFieldName(name);
    out.writeRawValue(digits);
  }

  /** Writes a field of any type, as {@link #value(Object)}. */
  void value(String name, @Nullable Object value) throws IOException {
    out.writeFieldName(name);
    value(value);
  }
}
