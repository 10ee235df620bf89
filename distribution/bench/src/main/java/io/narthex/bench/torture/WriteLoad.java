package io.narthex.bench.torture;

import com.fasterxml.jackson.databind.JsonNode;
import io.narthex.bench.WriteRequest;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Writes samples by remote write at a steady rate, one of each series at a time, counted from 1. A
 * request that is answered 503 with Retry-After is sent again, as Prometheus does, any other
 * refusal ends the load. So all samples that were accepted must be there in the end, none twice.
 */
final class WriteLoad implements AutoCloseable {
  static final int SERIES = 20;

  private static final long TICK_MS = 200;
  private static final String NAME = "torture_written";

  private final ServerUnderTest server;
  private final Thread thread;
  private volatile boolean stopping;
  private volatile long accepted;
  private volatile long repeated;
  private volatile String fault = "";
  private volatile long firstMs;
  private volatile long lastMs;

  /** Starts to write. */
  WriteLoad(ServerUnderTest server) {
    this.server = server;
    thread = Thread.ofPlatform().name("writes").start(this::run);
  }

  private void run() {
    WriteRequest request = new WriteRequest();
    try {
      while (!stopping) {
        long now = Math.max(System.currentTimeMillis(), lastMs + 1);
        long number = accepted + 1;
        for (int i = 0; i < SERIES; i++) {
          TreeMap<String, String> labels = new TreeMap<>();
          labels.put("__name__", NAME);
          labels.put("series", Integer.toString(i));
          request.series(labels, new long[] {now}, new double[] {number}, 0, 1);
        }
        write(request.finish());
        firstMs = firstMs == 0 ? now : firstMs;
        lastMs = now;
        accepted = number;
        Thread.sleep(TICK_MS);
      }
    } catch (IOException e) {
      fault = String.valueOf(e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      fault = "interrupted";
    }
  }

  private void write(byte[] body) throws IOException, InterruptedException {
    while (true) {
      HttpResponse<String> answer = server.write(body);
      if (answer.statusCode() / 100 == 2) {
        return;
      }
      if (answer.statusCode() != 503 || answer.headers().firstValue("Retry-After").isEmpty()) {
        throw new IOException(
            "write " + (accepted + 1) + ": " + answer.statusCode() + " " + answer.body().strip());
      }
      repeated++;
      Thread.sleep(TICK_MS);
    }
  }

  /**
   * Stops writing and reads back what was written.
   *
   * @return missing or duplicate samples, and why it ended early
   */
  List<String> finish() throws IOException, InterruptedException {
    stopping = true;
    thread.join();
    List<String> wrong = new ArrayList<>();
    if (!fault.isEmpty()) {
      wrong.add(fault);
    }
    String range = NAME + "[" + (lastMs - firstMs + 2) + "ms]";
    String at = "&time=" + (lastMs + 1) / 1000.0;
    JsonNode found = read(range, at);
    if (found.size() != SERIES) {
      wrong.add("expected " + SERIES + " series, got " + found.size());
    }
    for (JsonNode series : found) {
      JsonNode values = series.path("values");
      boolean whole = values.size() == accepted;
      for (int i = 0; whole && i < values.size(); i++) {
        whole = values.path(i).path(1).asLong() == i + 1;
      }
      if (!whole) {
        wrong.add(
            series.path("metric") + ": " + accepted + " were accepted, there are " + values.size());
      }
    }
    return wrong;
  }

  private JsonNode read(String selector, String at) throws IOException, InterruptedException {
    return server
        .data("/api/v1/query?query=" + ServerUnderTest.encode(selector) + at)
        .path("result");
  }

  /** Returns how many samples of each series were accepted. */
  long accepted() {
    return accepted;
  }

  /** Returns how many requests were answered 503 and sent again. */
  long repeated() {
    return repeated;
  }

  @Override
  public void close() {
    stopping = true;
    thread.interrupt();
  }
}
