package io.narthex.http;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.MetricMetadata;
import io.narthex.service.query.QueryException;
import io.narthex.service.storage.StorageGate;
import io.narthex.service.targets.TargetService;
import io.narthex.spi.storage.MetadataStorage;
import io.narthex.spi.storage.SeriesExemplars;
import io.narthex.spi.storage.StorageException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Metadata of queries and series: {@code /api/v1/format_query}, {@code series}, {@code labels},
 * {@code metadata}. Queries themselves are answered by {@link QueryFilter}.
 */
@Path("/api/v1")
public final class QueryApi {
  static final int MAX_POINTS = 11_000;
  static final String TRUNCATED = "results truncated due to limit";

  private final Services services;
  private final StorageGate storage;

  QueryApi(Services services, StorageGate storage) {
    this.services = services;
    this.storage = storage;
  }

  /** Returns exemplars of the series that an expression selects. */
  @GET
  @Path("query_exemplars")
  public Response exemplars(@Context HttpServletRequest request) {
    Parameters p = new Parameters(request);
    long[] range = p.range();
    if (range[1] < range[0]) {
      throw new ApiException(ApiError.BAD_DATA, "end timestamp must not be before start timestamp");
    }
    List<List<Matcher>> selectors;
    try {
      selectors = services.inspector().selectors(p.text("query"));
    } catch (QueryException e) {
      if (e.kind() != QueryException.Kind.BAD_DATA) {
        throw e;
      }
      throw new ApiException(ApiError.BAD_DATA, String.valueOf(e.getMessage()));
    }
    if (selectors.isEmpty()) {
      return Response.noContent().build();
    }
    List<SeriesExemplars> found = storage.exemplars(selectors, range[0], range[1]);
    return Api.success(out ->
        out.objects(
            found,
            series -> {
              out.field("seriesLabels", series.series());
              out.objects(
                  "exemplars",
                  series.exemplars(),
                  e -> {
                    out.field("labels", e.labels());
                    out.field("value", ResultWriter.number(e.value()));
                    out.number("timestamp", ResultWriter.time(e.timestampMs()));
                  });
            }));
  }

  /** As {@link #exemplars}, parameters in a form. */
  @POST
  @Path("query_exemplars")
  public Response exemplarsForm(@Context HttpServletRequest request) {
    return exemplars(request);
  }

  /** Returns an expression, formatted. */
  @GET
  @Path("format_query")
  public Response format(@Context HttpServletRequest request) {
    String formatted = services.engine().format(new Parameters(request).text("query"));
    return Api.success(out -> out.string(formatted));
  }

  /** As {@link #format}, parameters in a form. */
  @POST
  @Path("format_query")
  public Response formatForm(@Context HttpServletRequest request) {
    return format(request);
  }

  /** Returns the syntax tree of an expression. */
  @GET
  @Path("parse_query")
  public Response parse(@Context HttpServletRequest request) {
    Map<String, @Nullable Object> tree =
        services.inspector().syntaxTree(new Parameters(request).text("query"));
    return Api.success(out -> out.value(tree));
  }

  /** As {@link #parse}, parameters in a form. */
  @POST
  @Path("parse_query")
  public Response parseForm(@Context HttpServletRequest request) {
    return parse(request);
  }

  /** Returns the label sets of matching series. */
  @GET
  @Path("series")
  public Response series(@Context HttpServletRequest request) {
    Parameters p = new Parameters(request);
    if (p.list("match[]").isEmpty()) {
      throw new ApiException(ApiError.BAD_DATA, "no match[] parameter provided");
    }
    List<List<Matcher>> sets;
    try {
      sets = matchers(p);
    } catch (ApiException e) {
      throw Parameters.named("match[]", e);
    }
    int limit = p.limit("limit");
    long[] range = p.range();
    List<Labels> found =
        range[1] < range[0]
            ? List.of()
            : storage.series(sets, range[0], range[1], limit == 0 ? 0 : limit + 1);
    return list(found, limit, Json::labels);
  }

  /** As {@link #series}, parameters in a form. */
  @POST
  @Path("series")
  public Response seriesForm(@Context HttpServletRequest request) {
    return series(request);
  }

  /** Deletes nothing, as in the original. */
  @DELETE
  @Path("series")
  public Response deleteSeries() {
    throw new ApiException(ApiError.INTERNAL, "not implemented");
  }

  private interface ElementWriter<T> {
    void write(Json out, T element) throws IOException;
  }

  private static <T> Response list(List<T> found, int limit, ElementWriter<T> writer) {
    boolean cut = limit > 0 && found.size() > limit;
    List<T> shown = cut ? found.subList(0, limit) : found;
    return Api.success(
        out -> out.array(shown, element -> writer.write(out, element)),
        cut ? List.of(TRUNCATED) : List.of(),
        List.of());
  }

  /** Returns label names. */
  @GET
  @Path("labels")
  public Response labels(@Context HttpServletRequest request) {
    Parameters p = new Parameters(request);
    int limit = p.limit("limit");
    long[] range = p.range();
    List<List<Matcher>> sets = matchers(p);
    List<String> names =
        range[1] < range[0]
            ? List.of()
            : storage.labelNames(sets, range[0], range[1], limit == 0 ? 0 : limit + 1);
    return list(names, limit, Json::string);
  }

  private List<List<Matcher>> matchers(Parameters p) {
    return p.list("match[]").isEmpty() ? List.of() : p.narrowMatchers(services.engine());
  }

  /** As {@link #labels}, parameters in a form. */
  @POST
  @Path("labels")
  public Response labelsForm(@Context HttpServletRequest request) {
    return labels(request);
  }

  /** Returns the values of a label. */
  @GET
  @Path("label/{name}/values")
  public Response values(@PathParam("name") String escaped, @Context HttpServletRequest request) {
    Parameters p = new Parameters(request);
    String name = EscapedName.unescape(escaped);
    if (name.isEmpty()) {
      throw new ApiException(ApiError.BAD_DATA, "invalid label name: \"" + name + "\"");
    }
    int limit = p.limit("limit");
    long[] range = p.range();
    List<List<Matcher>> sets = matchers(p);
    List<String> values =
        range[1] < range[0]
            ? List.of()
            : storage.labelValues(name, sets, range[0], range[1], limit == 0 ? 0 : limit + 1);
    return list(values, limit, Json::string);
  }

  /**
   * Returns the metadata of metrics that targets expose or senders give, and of others what the
   * storage keeps.
   */
  @GET
  @Path("metadata")
  public Response metadata(@Context HttpServletRequest request) {
    Parameters p = new Parameters(request);
    int limit = p.number("limit", -1);
    int perMetric = p.number("limit_per_metric", -1);
    String wanted = p.text("metric");
    Map<String, Set<MetricMetadata>> byName = new TreeMap<>();
    for (TargetService.TargetMetadata target : services.metadata()) {
      for (MetricMetadata m : target.families()) {
        if (wanted.isEmpty() || wanted.equals(m.name())) {
          Set<MetricMetadata> all = byName.computeIfAbsent(m.name(), k -> new LinkedHashSet<>());
          if (perMetric <= 0 || all.size() < perMetric) {
            all.add(m);
          }
        }
      }
    }
    for (MetricMetadata m : storedMetadata(wanted)) {
      byName.putIfAbsent(m.name(), Set.of(m));
    }
    return Api.success(out ->
        out.object(() -> {
          int n = 0;
          for (Map.Entry<String, Set<MetricMetadata>> e : byName.entrySet()) {
            if (limit >= 0 && n++ >= limit) {
              break;
            }
            out.objects(
                e.getKey(),
                e.getValue(),
                m -> {
                  out.field("type", m.type().text());
                  out.field("unit", m.unit());
                  out.field("help", m.help());
                });
          }
        }));
  }

  private List<MetricMetadata> storedMetadata(String name) {
    try {
      MetadataStorage keeping = storage.capability(MetadataStorage.class);
      return keeping == null ? List.of() : keeping.metadata(name, 0);
    } catch (StorageException e) {
      return List.of(); // that of targets is there while the storage is replaced, too
    }
  }
}
