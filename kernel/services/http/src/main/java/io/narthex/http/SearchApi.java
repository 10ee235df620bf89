package io.narthex.http;

import io.narthex.http.MetricSearch.Found;
import io.narthex.model.MetricMetadata;
import io.narthex.service.storage.StorageGate;
import io.narthex.spi.storage.StorageStats;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Response;
import java.util.Map;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/** Search of metrics, labels and values: {@code /narthex/api/v1/search}. */
@Path("/narthex/api/v1")
public final class SearchApi {
  static final int MAX_LIMIT = 1_000;
  private static final int DEFAULT_LIMIT = 50;
  private static final long BUDGET_NANOS = 500_000_000;
  private static final long STATS_LAST_NANOS = 30_000_000_000L;

  private final Services services;
  private final StorageGate storage;
  private final Semaphore turns = new Semaphore(4);
  private volatile @Nullable Known known;

  SearchApi(Services services, StorageGate storage) {
    this.services = services;
    this.storage = storage;
  }

  private record Known(StorageStats stats, long epoch, long sinceNanos) {}

  /** Returns statistics that are at most half a minute old: those of many series take a while. */
  private StorageStats stats() {
    long epoch = storage.epoch();
    Known last = known;
    if (last == null
        || last.epoch != epoch
        || System.nanoTime() - last.sinceNanos > STATS_LAST_NANOS) {
      last = new Known(storage.stats(MetricSearch.TOP), epoch, System.nanoTime());
      known = last;
    }
    return last.stats;
  }

  /** Returns the metrics, labels and values that have all words of {@code q}. */
  @GET
  @Path("search")
  public Response search(@Context HttpServletRequest request) {
    Parameters p = new Parameters(request);
    SearchWords words = new SearchWords(p.text("q"));
    int limit = p.number("limit", DEFAULT_LIMIT);
    if (limit < 1 || limit > MAX_LIMIT) {
      throw new ApiException(
          ApiError.BAD_DATA, "limit: must be 1 to " + MAX_LIMIT + ", got " + limit);
    }
    long[] range = p.range();
    if (range[1] < range[0]) {
      throw new ApiException(ApiError.BAD_DATA, "end timestamp must not be before start timestamp");
    }
    if (!turns.tryAcquire()) {
      throw new ApiException(
          ApiError.UNAVAILABLE_503, "search: 4 searches are running; try again in a moment");
    }
    Found found;
    try {
      Map<String, MetricMetadata> metadata = services.metadataByName(storage);
      StorageStats stats = stats(); // not in the time of the search
      found =
          new MetricSearch(
                  storage, words, range[0], range[1], limit, BUDGET_NANOS, System::nanoTime)
              .run(metadata, stats);
    } finally {
      turns.release();
    }
    return Api.success(out ->
        out.object(() -> {
          out.objects(
              "metrics",
              found.metrics(),
              m -> {
                MetricMetadata meta = m.metadata();
                out.field("name", m.name());
                out.field("type", meta == null ? "unknown" : meta.type().text());
                out.field("unit", meta == null ? "" : meta.unit());
                out.field("help", meta == null ? "" : meta.help());
                out.value("series", m.series());
              });
          out.objects(
              "labels",
              found.labels(),
              l -> {
                out.field("name", l.name());
                out.value("values", l.values());
              });
          out.objects(
              "values",
              found.values(),
              v -> {
                out.field("label", v.label());
                out.field("value", v.value());
                out.value("series", v.series());
              });
          out.field("truncated", found.truncated());
        }));
  }
}
