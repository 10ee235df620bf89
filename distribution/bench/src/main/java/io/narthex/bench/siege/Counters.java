package io.narthex.bench.siege;

import io.narthex.bench.torture.ServerUnderTest;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** The server's own metrics. */
public final class Counters {
  private static final Pattern REFUSALS =
      Pattern.compile(
          "^(narthex|prometheus|alertmanager)_[a-z_]*"
              + "(refus|reject|exceed|limit|cut|invalid|out_of|fail|drop|error|fault|lost|duplicate)"
              + "[a-z_]*(\\{.*)?|prometheus_http_requests_total\\{code=\"[45].*",
          0);

  private Counters() {}

  /** Reads all samples by series. */
  public static Map<String, Double> read(ServerUnderTest server)
      throws IOException, InterruptedException {
    HttpResponse<String> response = server.get("/metrics");
    if (response.statusCode() != 200) {
      throw new IOException("/metrics: " + response.statusCode() + " " + response.body());
    }
    return parse(response.body());
  }

  static Map<String, Double> parse(String text) {
    Map<String, Double> out = new TreeMap<>();
    for (String line : text.split("\n", -1)) {
      int blank = line.lastIndexOf(' ');
      if (!line.startsWith("#") && blank > 0) {
        out.put(line.substring(0, blank), Double.parseDouble(line.substring(blank + 1)));
      }
    }
    return out;
  }

  /** Returns the counters of refusals that have increased, and by how much. */
  static Map<String, Double> risen(Map<String, Double> before, Map<String, Double> after) {
    Map<String, Double> out = new TreeMap<>();
    after.forEach((series, value) -> {
      double rise = value - before.getOrDefault(series, 0.0);
      if (rise > 0 && REFUSALS.matcher(series).matches()) {
        out.put(series, rise);
      }
    });
    return out;
  }
}
