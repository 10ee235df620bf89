package io.narthex.bench;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * An answer of the query API, read in one pass into as little memory as a comparison needs: 16
 * bytes a point, where a tree of JSON would take some hundred.
 *
 * @param status {@code success} or {@code error}
 * @param errorType empty unless it is an error
 * @param annotations warnings and infos, sorted
 * @param resultType empty when it is an error
 * @param point time and value of a scalar or string; missing for other types
 * @param series by their labels
 */
public record Answer(
    String status,
    String errorType,
    List<String> annotations,
    String resultType,
    JsonNode point,
    Map<String, Series> series) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** The points of one series: floats as columns, histograms as they were. */
  public static final class Series {
    private double[] times = new double[1];
    private double[] values = new double[1];
    private int size;
    private final ArrayNode histograms = JSON.createArrayNode();

    private void add(double time, double value) {
      if (size == times.length) {
        times = Arrays.copyOf(times, size * 2);
        values = Arrays.copyOf(values, size * 2);
      }
      times[size] = time;
      values[size++] = value;
    }

    /** Returns how many floats there are. */
    public int size() {
      return size;
    }

    /** Returns the time of a float, epoch seconds. */
    public double time(int i) {
      return times[i];
    }

    /** Returns a float. */
    public double value(int i) {
      return values[i];
    }

    /** Returns an array of pairs of time and histogram. */
    public JsonNode histograms() {
      return histograms;
    }
  }

  /** Reads an answer; the caller closes the stream. */
  public static Answer read(InputStream in) throws IOException {
    try (JsonParser json = JSON.getFactory().createParser(in)) {
      return new Reader(json).read();
    }
  }

  /** Returns whether the query was answered. */
  public boolean success() {
    return status.equals("success");
  }

  /** Returns whether there is nothing in it. */
  public boolean isEmpty() {
    return series.isEmpty() && point.isMissingNode();
  }

  /** Returns the number that a text of the API stands for. */
  public static double number(String text) {
    return Double.parseDouble(text.replace("Inf", "Infinity"));
  }

  /** Walks over the tokens of one answer. */
  private static final class Reader {
    private final JsonParser json;
    private String status = "";
    private String errorType = "";
    private String resultType = "";
    private JsonNode point = MissingNode.getInstance();
    private final List<String> annotations = new ArrayList<>();
    private final Map<String, Series> series = new HashMap<>();

    Reader(JsonParser json) {
      this.json = json;
    }

    Answer read() throws IOException {
      expect(json.nextToken(), JsonToken.START_OBJECT);
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String field = json.currentName();
        JsonToken value = json.nextToken();
        switch (field) {
          case "status" -> status = json.getText();
          case "errorType" -> errorType = json.getText();
          case "warnings", "infos" ->
              json.<JsonNode>readValueAsTree().forEach(text -> annotations.add(text.asText()));
          case "data" -> {
            if (value == JsonToken.START_OBJECT) {
              data();
            }
          }
          default -> json.skipChildren();
        }
      }
      annotations.sort(null);
      return new Answer(status, errorType, annotations, resultType, point, series);
    }

    private void data() throws IOException {
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String field = json.currentName();
        json.nextToken();
        switch (field) {
          case "resultType" -> resultType = json.getText();
          case "result" -> result();
          default -> json.skipChildren();
        }
      }
    }

    private void result() throws IOException {
      JsonToken token = json.nextToken();
      if (token != JsonToken.START_OBJECT && token != JsonToken.END_ARRAY) {
        ArrayNode pair = JSON.createArrayNode();
        for (; token != JsonToken.END_ARRAY; token = json.nextToken()) {
          pair.add(json.<JsonNode>readValueAsTree());
        }
        point = pair;
        return;
      }
      for (; token == JsonToken.START_OBJECT; token = json.nextToken()) {
        one();
      }
    }

    private void one() throws IOException {
      Map<String, String> labels = new TreeMap<>();
      Series s = new Series();
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String field = json.currentName();
        json.nextToken();
        switch (field) {
          case "metric" -> {
            while (json.nextToken() == JsonToken.FIELD_NAME) {
              labels.put(json.currentName(), json.nextTextValue());
            }
          }
          case "value" -> pair(s);
          case "values" -> {
            while (json.nextToken() == JsonToken.START_ARRAY) {
              pair(s);
            }
          }
          case "histogram" -> s.histograms.add(json.<JsonNode>readValueAsTree());
          case "histograms" ->
              json.<JsonNode>readValueAsTree().forEach(histogram -> s.histograms.add(histogram));
          default -> json.skipChildren();
        }
      }
      series.put(labels.toString(), s);
    }

    private void pair(Series s) throws IOException {
      json.nextToken();
      double time = json.getDoubleValue();
      s.add(time, number(json.nextTextValue()));
      expect(json.nextToken(), JsonToken.END_ARRAY);
    }

    private static void expect(JsonToken actual, JsonToken expected) throws IOException {
      if (actual != expected) {
        throw new IOException("answer: expected " + expected + ", got " + actual);
      }
    }
  }
}
