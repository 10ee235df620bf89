package io.narthex.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.narthex.config.yaml.RecordYaml;
import io.narthex.config.yaml.YamlReader;
import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.MetricMetadata;
import io.narthex.relabel.NameScheme;
import io.narthex.relabel.Relabeling;
import io.narthex.service.config.ConfigService;
import io.narthex.service.config.RelabelRule;
import io.narthex.service.config.ScrapeConfig;
import io.narthex.service.query.QueryException;
import io.narthex.service.targets.TargetService;
import io.narthex.service.targets.TargetService.ActiveTarget;
import io.narthex.service.targets.TargetService.DroppedTarget;
import io.narthex.service.targets.TargetService.TargetMetadata;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.config.ConfigNode.Sequence;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Targets and scrape pools. */
@Path("/api/v1")
public final class TargetsApi {
  private static final JsonFactory JSON = new JsonFactory();

  private final Services services;
  private final ConfigService config;

  TargetsApi(Services services, ConfigService config) {
    this.services = services;
    this.config = config;
  }

  /** Returns active and dropped targets. */
  @GET
  @Path("targets")
  public Response targets(@Context HttpServletRequest request) {
    Parameters p = new Parameters(request);
    String state = p.text("state").toLowerCase(Locale.ROOT);
    String pool = p.text("scrapePool");
    TargetService targets = services.targets();
    boolean any = state.isEmpty() || state.equals("any");
    boolean active = any || state.equals("active");
    boolean dropped = any || state.equals("dropped");
    List<ActiveTarget> activeTargets = active ? targets.active() : List.of();
    List<DroppedTarget> droppedTargets = dropped ? targets.dropped() : List.of();
    Map<String, Integer> counts = dropped ? targets.droppedCounts() : Map.of();
    return Api.success(out ->
        out.object(() -> {
          out.array(
              "activeTargets",
              activeTargets,
              t -> {
                if (pool.isEmpty() || pool.equals(t.pool())) {
                  target(out, t);
                }
              });
          out.array(
              "droppedTargets",
              droppedTargets,
              t -> {
                if (pool.isEmpty() || pool.equals(t.pool())) {
                  out.object(() -> {
                    out.field("discoveredLabels", t.discovered());
                    out.field("scrapePool", t.pool());
                  });
                }
              });
          out.object(
              "droppedTargetCounts",
              () -> {
                for (Map.Entry<String, Integer> e : counts.entrySet()) {
                  out.field(e.getKey(), e.getValue());
                }
              });
        }));
  }

  private static void target(Json out, ActiveTarget t) throws IOException {
    out.object(() -> {
      out.field("discoveredLabels", t.discovered());
      out.field("labels", t.labels());
      out.field("scrapePool", t.pool());
      out.field("scrapeUrl", t.scrapeUrl());
      out.field("globalUrl", t.globalUrl());
      out.field("lastError", t.lastError());
      out.field("lastScrape", Api.time(t.lastScrapeMs()));
      out.field("lastScrapeDuration", t.lastDurationSeconds());
      out.field("health", t.health().name().toLowerCase(Locale.ROOT));
      out.field("scrapeInterval", t.scrapeInterval());
      out.field("scrapeTimeout", t.scrapeTimeout());
    });
  }

  /** Returns metadata by target. */
  @GET
  @Path("targets/metadata")
  public Response metadata(@Context HttpServletRequest request) {
    Parameters p = new Parameters(request);
    String metric = p.text("metric");
    int limit = p.number("limit", -1);
    List<Matcher> matchers =
        p.text("match_target").isEmpty() ? List.of() : matchTarget(p.text("match_target"));
    record Found(Labels target, MetricMetadata family) {}
    List<Found> found = new ArrayList<>();
    for (TargetMetadata t : services.targets().metadata()) {
      if (!matchers.stream().allMatch(m -> m.matches(t.target()))) {
        continue;
      }
      for (MetricMetadata f : t.families()) {
        if ((metric.isEmpty() || metric.equals(f.name())) && (limit < 0 || found.size() < limit)) {
          found.add(new Found(t.target(), f));
        }
      }
    }
    return Api.success(out ->
        out.objects(
            found,
            f -> {
              out.field("target", f.target());
              if (metric.isEmpty()) {
                out.field("metric", f.family().name());
              }
              out.field("type", f.family().type().text());
              out.field("help", f.family().help());
              out.field("unit", f.family().unit());
            }));
  }

  private List<Matcher> matchTarget(String text) {
    try {
      return services.engine().selector(text);
    } catch (QueryException e) {
      throw new ApiException(
          ApiError.BAD_DATA, "invalid parameter \"match_target\": " + e.getMessage());
    }
  }

  /** Returns the names of the scrape pools. */
  @GET
  @Path("scrape_pools")
  public Response pools() {
    List<String> pools = services.targets().pools();
    return Api.success(out -> out.object(() -> out.field("scrapePools", pools)));
  }

  /** Returns the configuration of a pool in effect, secrets hidden. */
  @GET
  @Path("scrape_pools/config")
  public Response poolConfig(@Context HttpServletRequest request) {
    String pool = new Parameters(request).text("scrapePool");
    if (pool.isEmpty()) {
      throw new ApiException(ApiError.BAD_DATA, "no scrapePool parameter provided");
    }
    ConfigNode file = YamlReader.read("the configuration", config.current().prometheusYaml());
    ConfigNode jobs = file instanceof Mapping top ? top.get("scrape_configs") : null;
    for (ConfigNode job : jobs instanceof Sequence all ? all.items() : List.<ConfigNode>of()) {
      if (job instanceof Mapping m
          && m.get("job_name") instanceof Scalar name
          && name.text().equals(pool)) {
        String yaml = RecordYaml.print(plain(m));
        return Api.success(out -> out.object(() -> out.field("yaml", yaml)));
      }
    }
    throw new ApiException(ApiError.BAD_DATA, "scrape pool \"" + pool + "\" not found");
  }

  /** Returns the labels of a target after each relabelling step of a pool. */
  @GET
  @Path("targets/relabel_steps")
  public Response relabelSteps(@Context HttpServletRequest request) {
    Parameters p = new Parameters(request);
    String pool = p.text("scrapePool");
    String text = p.text("labels");
    if (pool.isEmpty()) {
      throw new ApiException(ApiError.BAD_DATA, "no scrapePool parameter provided");
    }
    if (text.isEmpty()) {
      throw new ApiException(ApiError.BAD_DATA, "no labels parameter provided");
    }
    ScrapeConfig job =
        config.current().prometheus().scrapeConfigs().stream()
            .filter(c -> c.jobName().equals(pool))
            .findFirst()
            .orElseThrow(() ->
                new ApiException(ApiError.BAD_DATA, "scrape pool \"" + pool + "\" not found"));
    Labels labels = labels(text);
    NameScheme scheme =
        NameScheme.of(Objects.requireNonNullElse(job.metricNameValidationScheme(), ""));
    List<RelabelRule> rules = job.relabelConfigs();
    record Step(RelabelRule rule, @Nullable Labels after) {}
    List<Step> steps = new ArrayList<>();
    for (int i = 0; i < rules.size(); i++) {
      Labels after = Relabeling.compile(rules.subList(0, i + 1), scheme).apply(labels);
      steps.add(new Step(rules.get(i), after));
    }
    return Api.success(out ->
        out.object(() ->
            out.objects(
                "steps",
                steps,
                step -> {
                  out.object("rule", () -> rule(out, step.rule()));
                  out.field("output", step.after() == null ? Labels.EMPTY : step.after());
                  out.field("keep", step.after() != null);
                })));
  }

  private static Map<String, Object> plain(Mapping block) {
    Map<String, Object> out = new LinkedHashMap<>();
    block.entries().forEach(e -> out.put(e.key(), e.value().toPlain()));
    return out;
  }

  private static Labels labels(String json) {
    try (JsonParser in = JSON.createParser(json)) {
      if (in.nextToken() != JsonToken.START_OBJECT) {
        throw new ApiException(ApiError.BAD_DATA, "error parsing labels: expected an object");
      }
      Labels.Builder labels = Labels.builder();
      while (in.nextToken() == JsonToken.FIELD_NAME) {
        String name = in.currentName();
        if (in.nextToken() != JsonToken.VALUE_STRING) {
          throw new ApiException(
              ApiError.BAD_DATA, "error parsing labels: the value of " + name + " is no text");
        }
        labels.set(name, in.getText());
      }
      return labels.build();
    } catch (IOException e) {
      throw new ApiException(ApiError.BAD_DATA, "error parsing labels: not JSON");
    }
  }

  private static void rule(Json out, RelabelRule rule) throws IOException {
    if (!rule.sourceLabels().isEmpty()) {
      out.field("source_labels", rule.sourceLabels());
    }
    out.field("separator", rule.separator());
    out.field("regex", rule.regex());
    if (rule.modulus() != 0) {
      out.field("modulus", rule.modulus());
    }
    if (!rule.targetLabel().isEmpty()) {
      out.field("target_label", rule.targetLabel());
    }
    out.field("replacement", rule.replacement());
    out.field("action", rule.action());
  }
}
