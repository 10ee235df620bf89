package io.narthex.bench.torture;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Reads back what was stored and looks for gaps.
 *
 * <p>A target is scraped at ticks an interval apart. A sample has its tick's time, or the time at
 * which a late scrape really began, which is before the next tick. So each sample belongs to one
 * tick, and each tick from a series' first to the end of the run must have one.
 */
public final class SampleCheck {
  private static final int SHOWN = 10;
  private static final int NAMES_AT_ONCE = 40;

  private final ServerUnderTest server;
  private final long fromMs;
  private final long toMs;
  private final long intervalMs;
  private final List<String> problems = new ArrayList<>();
  private int gaps;
  private int series;
  private long samples;
  private int down;
  private int lost;
  private int restarts;

  /**
   * Creates a check of a time.
   *
   * @param toMs in the past, so far that nothing of before is still on its way
   */
  SampleCheck(ServerUnderTest server, long fromMs, long toMs) {
    this(server, fromMs, toMs, 1000);
  }

  /**
   * Creates a check of targets with an interval of their own.
   *
   * @param toMs in the past, so far that nothing of before is still on its way
   */
  public SampleCheck(ServerUnderTest server, long fromMs, long toMs, long intervalMs) {
    this.intervalMs = intervalMs;
    this.server = server;
    this.fromMs = fromMs;
    this.toMs = toMs;
  }

  /** Checks the stand-in targets. */
  public void targets(int count) throws IOException, InterruptedException {
    for (int i = 0; i < count; i++) {
      String selector = "{job=\"targets\",target=\"" + TargetFarm.name(i) + "\"}";
      JsonNode found = read(selector);
      if (found.isEmpty()) {
        gaps++;
        problem(selector + ": no series at all");
      }
      for (JsonNode one : found) {
        slots(one);
        values(one);
      }
    }
  }

  /** Checks that the targets of a job were up at each tick, and that there are so many. */
  public void up(String job, int targets) throws IOException, InterruptedException {
    String selector = "up{job=\"" + job + "\"}";
    JsonNode found = read(selector);
    if (found.size() != targets) {
      gaps++;
      problem(selector + ": expected " + targets + " series, got " + found.size());
    }
    for (JsonNode one : found) {
      slots(one);
      values(one);
    }
  }

  /** Checks all series of a job whose target is this server. */
  void job(String job) throws IOException, InterruptedException {
    JsonNode names =
        server.data(
            "/api/v1/label/__name__/values?match[]="
                + ServerUnderTest.encode("{job=\"" + job + "\"}")
                + "&start="
                + fromMs / 1000.0
                + "&end="
                + toMs / 1000.0);
    List<String> chunk = new ArrayList<>();
    boolean any = false;
    for (JsonNode name : names) {
      any = true;
      chunk.add(name.asText());
      if (chunk.size() == NAMES_AT_ONCE) {
        job(job, chunk);
        chunk.clear();
      }
    }
    if (!chunk.isEmpty()) {
      job(job, chunk);
    }
    if (!any) {
      gaps++;
      problem("job " + job + ": no series at all");
    }
  }

  private void job(String job, List<String> names) throws IOException, InterruptedException {
    for (JsonNode one :
        read("{job=\"" + job + "\",__name__=~\"" + String.join("|", names) + "\"}")) {
      slots(one);
      if (one.path("metric").path("__name__").asText().equals("up")) {
        values(one);
      }
    }
  }

  /** Checks the series of a recording rule, one sample a second, until a time. */
  void rule(String name, long untilMs) throws IOException, InterruptedException {
    JsonNode found = read(name, untilMs);
    if (found.isEmpty()) {
      gaps++;
      problem(name + ": no series at all");
    }
    for (JsonNode one : found) {
      slots(one, untilMs);
    }
  }

  /** Looks for wrong staleness markers: at four times a second all series must be present. */
  void present(String expression, int value) throws IOException, InterruptedException {
    long step = 2_000_000;
    for (long from = fromMs; from < toMs; from += step) {
      JsonNode result =
          server
              .data(
                  "/api/v1/query_range?query="
                      + ServerUnderTest.encode(expression)
                      + "&start="
                      + from / 1000.0
                      + "&end="
                      + Math.min(toMs, from + step - 250) / 1000.0
                      + "&step=0.25")
              .path("result");
      for (JsonNode pair : result.path(0).path("values")) {
        if (!pair.path(1).asText().equals(Integer.toString(value))) {
          gaps++;
          problem(expression + " at " + pair.path(0).asText() + ": " + pair.path(1).asText());
        }
      }
    }
  }

  private JsonNode read(String selector) throws IOException, InterruptedException {
    return read(selector, toMs);
  }

  private JsonNode read(String selector, long untilMs) throws IOException, InterruptedException {
    return server
        .data(
            "/api/v1/query?query="
                + ServerUnderTest.encode(selector + "[" + (untilMs - fromMs) + "ms]")
                + "&time="
                + untilMs / 1000.0)
        .path("result");
  }

  private void slots(JsonNode one) {
    slots(one, toMs);
  }

  private void slots(JsonNode one, long untilMs) {
    series++;
    JsonNode values = one.has("values") ? one.path("values") : one.path("histograms");
    int n = values.size();
    samples += n;
    long[] times = new long[n];
    for (int i = 0; i < n; i++) {
      times[i] = Math.round(values.path(i).path(0).asDouble() * 1000);
    }
    long offset = offset(times);
    for (int i = 1; i < n; i++) {
      long step = slot(times[i], offset) - slot(times[i - 1], offset);
      if (step != 1) {
        gap(one, times[i - 1], times[i], step);
      }
    }
    long last = slot(untilMs, offset) - slot(times[n - 1], offset);
    if (last > 1) { // the newest tick may be under way
      gap(one, times[n - 1], untilMs, last);
    }
  }

  private void gap(JsonNode one, long from, long to, long step) {
    gaps++;
    problem(
        String.format(
            Locale.ROOT,
            "%s: from %.3f to %.3f, %d ticks",
            one.path("metric"),
            from / 1000.0,
            to / 1000.0,
            step));
  }

  private long slot(long timeMs, long offset) {
    return Math.floorDiv(timeMs - offset, intervalMs);
  }

  /**
   * Returns the offset of the ticks within a second: most samples have exactly their tick's time.
   */
  private long offset(long[] times) {
    Map<Long, Integer> counts = new HashMap<>();
    long best = 0;
    int most = 0;
    for (long t : times) {
      long offset = Math.floorMod(t, intervalMs);
      int count = counts.merge(offset, 1, Integer::sum);
      if (count > most) {
        most = count;
        best = offset;
      }
    }
    return best;
  }

  private void values(JsonNode one) {
    String name = one.path("metric").path("__name__").asText();
    JsonNode values = one.path("values");
    for (int i = 0; i < values.size(); i++) {
      String value = values.path(i).path(1).asText();
      String at = one.path("metric") + " at " + values.path(i).path(0).asText() + ": " + value;
      switch (name) {
        case "up" -> {
          if (!value.equals("1")) {
            down++;
            problem(at);
          }
        }
        case "torture_constant" -> {
          if (!value.equals(Integer.toString(TargetFarm.CONSTANT))) {
            lost++;
            problem(at);
          }
        }
        case "torture_scrapes_total" -> {
          if (i > 0) {
            long step = Long.parseLong(value) - values.path(i - 1).path(1).asLong();
            if (step != 1) {
              lost += (int) Math.max(1, step - 1);
              problem(at + ", " + step + " scrapes after the one before");
            }
          }
        }
        case "scrape_series_added" -> {
          if (i > 0 && !value.equals("0")) {
            restarts++;
            problem(at + ": the target was started again");
          }
        }
        default -> {
          // the times are enough
        }
      }
    }
  }

  private void problem(String text) {
    if (problems.size() < SHOWN) {
      problems.add(text);
    }
  }

  /** Returns how many ticks have no sample. */
  public int gaps() {
    return gaps;
  }

  int series() {
    return series;
  }

  /** Returns how many samples were read. */
  public long samples() {
    return samples;
  }

  /** Returns how many scrapes failed. */
  public int down() {
    return down;
  }

  /** Returns how many scrapes were served and not stored, or stored with a wrong value. */
  public int lost() {
    return lost;
  }

  /** Returns how often a target was dropped and started again. */
  int restarts() {
    return restarts;
  }

  /** Returns the first problems. */
  public List<String> problems() {
    return problems;
  }
}
