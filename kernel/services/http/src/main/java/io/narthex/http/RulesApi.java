package io.narthex.http;

import io.narthex.model.Matcher;
import io.narthex.model.go.GoFloat;
import io.narthex.service.rules.RuleService.ActiveAlert;
import io.narthex.service.rules.RuleService.AlertState;
import io.narthex.service.rules.RuleService.AlertingRule;
import io.narthex.service.rules.RuleService.Group;
import io.narthex.service.rules.RuleService.RecordingRule;
import io.narthex.service.rules.RuleService.Rule;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/** Rule groups and active alerts. */
@Path("/api/v1")
public final class RulesApi {
  private final Services services;

  RulesApi(Services services) {
    this.services = services;
  }

  /** Returns rule groups with their rules. */
  @GET
  @Path("rules")
  public Response rules(@Context HttpServletRequest request) {
    Parameters p = new Parameters(request);
    String type = p.text("type").toLowerCase(Locale.ROOT);
    if (!type.isEmpty() && !type.equals("alert") && !type.equals("record")) {
      throw new ApiException(
          ApiError.BAD_DATA, "invalid parameter \"type\": not supported value \"" + type + "\"");
    }
    String token = p.text("group_next_token");
    int groupLimit = groupLimit(p.text("group_limit"));
    if (!token.isEmpty() && groupLimit == 0) {
      throw new ApiException(
          ApiError.BAD_DATA,
          "invalid parameter \"group_next_token\": group_limit needs to be present in order to paginate over the groups");
    }
    List<List<Matcher>> matchers =
        p.list("match[]").isEmpty() ? List.of() : p.narrowMatchers(services.engine());
    boolean excludeAlerts = bool("exclude_alerts", p.text("exclude_alerts"));
    List<Group> shown = new ArrayList<>();
    boolean found = token.isEmpty();
    String next = "";
    for (Group group : services.rules().groups()) {
      if (!found && token(group).equals(token)) {
        found = true;
      }
      if (!found
          || !matches(p.list("file[]"), group.file())
          || !matches(p.list("rule_group[]"), group.name())) {
        continue;
      }
      List<Rule> rules =
          group.rules().stream()
              .filter(r -> type.isEmpty() || type.equals("alert") == (r instanceof AlertingRule))
              .filter(r -> matches(p.list("rule_name[]"), r.name()))
              .filter(r ->
                  matchers.isEmpty()
                      || matchers.stream()
                          .anyMatch(set -> set.stream().allMatch(m -> m.matches(r.labels()))))
              .toList();
      if (rules.isEmpty()) {
        continue;
      }
      if (groupLimit > 0 && shown.size() == groupLimit) {
        next = token(group);
        break;
      }
      shown.add(
          new Group(
              group.name(),
              group.file(),
              group.intervalSeconds(),
              group.limit(),
              group.evaluationSeconds(),
              group.lastEvaluationMs(),
              rules));
    }
    if (!found) {
      throw new ApiException(
          ApiError.BAD_DATA,
          "invalid parameter \"group_next_token\": invalid group_next_token '"
              + token
              + "'. were rule groups changed?");
    }
    String nextToken = next;
    return Api.success(out ->
        out.object(() -> {
          out.array("groups", shown, group -> group(out, group, excludeAlerts));
          if (!nextToken.isEmpty()) {
            out.field("groupNextToken", nextToken);
          }
        }));
  }

  private static int groupLimit(String text) {
    if (text.isEmpty()) {
      return 0;
    }
    int limit;
    try {
      limit = Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new ApiException(
          ApiError.BAD_DATA,
          "invalid parameter \"group_limit\": group_limit needs to be a valid number: strconv.ParseInt: parsing \""
              + text
              + "\": invalid syntax");
    }
    if (limit <= 0) {
      throw new ApiException(
          ApiError.BAD_DATA,
          "invalid parameter \"group_limit\": group_limit needs to be greater than 0");
    }
    return limit;
  }

  /** Reads a boolean as Go's {@code ParseBool} does. */
  private static boolean bool(String name, String text) {
    return switch (text) {
      case "1", "t", "T", "TRUE", "true", "True" -> true;
      case "", "0", "f", "F", "FALSE", "false", "False" -> false;
      default ->
          throw new ApiException(
              ApiError.BAD_DATA,
              "invalid parameter \""
                  + name
                  + "\": error converting "
                  + name
                  + ": strconv.ParseBool: parsing \""
                  + text
                  + "\": invalid syntax");
    };
  }

  private static boolean matches(List<String> wanted, String value) {
    return wanted.isEmpty() || wanted.contains(value);
  }

  private static String token(Group group) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of()
          .formatHex(
              digest.digest((group.file() + ";" + group.name()).getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void group(Json out, Group group, boolean excludeAlerts) throws IOException {
    out.object(() -> {
      out.field("name", group.name());
      out.field("file", group.file());
      out.array("rules", group.rules(), rule -> rule(out, rule, excludeAlerts));
      out.field("interval", group.intervalSeconds());
      out.field("limit", group.limit());
      out.field("evaluationTime", group.evaluationSeconds());
      out.field("lastEvaluation", Api.time(group.lastEvaluationMs()));
    });
  }

  private static void rule(Json out, Rule rule, boolean excludeAlerts) throws IOException {
    out.object(() -> {
      switch (rule) {
        case AlertingRule a -> {
          out.field("state", a.state().name().toLowerCase(Locale.ROOT));
          common(out, a);
          out.field("duration", a.forSeconds());
          out.field("keepFiringFor", a.keepFiringForSeconds());
          out.field("labels", a.labelTexts());
          out.field("annotations", a.annotationTexts());
          out.array(
              "alerts",
              excludeAlerts ? List.<ActiveAlert>of() : a.alerts(),
              alert -> alert(out, alert));
          out.field("type", "alerting");
        }
        case RecordingRule r -> {
          common(out, r);
          if (!r.labelTexts().isEmpty()) {
            out.field("labels", r.labelTexts());
          }
          out.field("type", "recording");
        }
      }
    });
  }

  private static void common(Json out, Rule rule) throws IOException {
    out.field("name", rule.name());
    out.field("query", rule.query());
    out.field("health", rule.health().name().toLowerCase(Locale.ROOT));
    if (!rule.lastError().isEmpty()) {
      out.field("lastError", rule.lastError());
    }
    out.field("evaluationTime", rule.evaluationSeconds());
    out.field("lastEvaluation", Api.time(rule.lastEvaluationMs()));
  }

  private static void alert(Json out, ActiveAlert alert) throws IOException {
    out.object(() -> {
      out.field("labels", alert.labels());
      out.field("annotations", alert.annotationTexts());
      out.field("state", alert.state().name().toLowerCase(Locale.ROOT));
      out.field("activeAt", Instant.ofEpochMilli(alert.activeAtMs()).toString());
      if (alert.keepFiringSinceMs() != 0) {
        out.field("keepFiringSince", Instant.ofEpochMilli(alert.keepFiringSinceMs()).toString());
      }
      out.field("value", exponent(alert.value()));
    });
  }

  /**
   * Returns a number with exponent, shortest digits, as the API shows values of alerts: {@code
   * 1e+00}.
   */
  static String exponent(double value) {
    return GoFloat.toString(value, GoFloat.Style.SCIENTIFIC);
  }

  /** Returns pending and firing alerts. */
  @GET
  @Path("alerts")
  public Response alerts() {
    List<ActiveAlert> active = new ArrayList<>();
    for (Group group : services.rules().groups()) {
      for (Rule rule : group.rules()) {
        if (rule instanceof AlertingRule a) {
          a.alerts().stream().filter(x -> x.state() != AlertState.INACTIVE).forEach(active::add);
        }
      }
    }
    return Api.success(
        out -> out.object(() -> out.array("alerts", active, alert -> alert(out, alert))));
  }
}
