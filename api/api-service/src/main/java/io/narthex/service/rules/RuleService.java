package io.narthex.service.rules;

import io.narthex.model.Annotations;
import io.narthex.model.Labels;
import java.util.List;
import java.util.Map;
import org.osgi.annotation.versioning.ProviderType;

/** Rule groups and their state. Thread-safe; returns copies. */
@ProviderType
public interface RuleService {
  /** Returns the groups in the order of the files. */
  List<Group> groups();

  /**
   * Returns the Alertmanagers to which alerts are sent over HTTP, and those that relabelling
   * dropped.
   */
  AlertmanagerUrls alertmanagers();

  /** URLs of Alertmanagers, as in {@code /api/v1/alertmanagers}. */
  record AlertmanagerUrls(List<String> active, List<String> dropped) {
    /** Copies the lists. */
    public AlertmanagerUrls {
      active = List.copyOf(active);
      dropped = List.copyOf(dropped);
    }
  }

  /** Health of a rule. */
  enum Health {
    /** Not yet evaluated. */
    UNKNOWN,
    /** The last evaluation succeeded. */
    OK,
    /** The last evaluation failed. */
    ERR
  }

  /** State of an alert, or of an alerting rule: the highest of its alerts. */
  enum AlertState {
    /** Not yet evaluated. */
    UNKNOWN,
    /** Inactive: the expression gives no sample. */
    INACTIVE,
    /** Pending: the expression gives a sample, but not yet for the duration of {@code for}. */
    PENDING,
    /** Firing. */
    FIRING
  }

  /** A group; times are epoch milliseconds (0 = never) and seconds. */
  record Group(
      String name,
      String file,
      double intervalSeconds,
      int limit,
      double evaluationSeconds,
      long lastEvaluationMs,
      List<Rule> rules) {
    /** Copies the list. */
    public Group {
      rules = List.copyOf(rules);
    }
  }

  /** A rule of either kind. */
  sealed interface Rule {
    /** Name of the series or the alert. */
    String name();

    /** The expression in canonical form. */
    String query();

    /** Labels the rule adds. */
    Labels labels();

    /**
     * Returns the configured labels by name, in order, including those with an empty value, which
     * remove a label.
     */
    default Map<String, String> labelTexts() {
      return Annotations.texts(labels(), List.of());
    }

    /** Health of the rule. */
    Health health();

    /** Message of the last failure, or empty. */
    String lastError();

    /** Duration of the last evaluation in seconds. */
    double evaluationSeconds();

    /** Time of the last evaluation in epoch milliseconds, 0 = never. */
    long lastEvaluationMs();
  }

  /** A recording rule. */
  record RecordingRule(
      String name,
      String query,
      Labels labels,
      Health health,
      String lastError,
      double evaluationSeconds,
      long lastEvaluationMs,
      List<String> emptyLabels)
      implements Rule {
    /** Copies the list. */
    public RecordingRule {
      emptyLabels = List.copyOf(emptyLabels);
    }

    /** Creates a rule without empty labels. */
    public RecordingRule(
        String name,
        String query,
        Labels labels,
        Health health,
        String lastError,
        double evaluationSeconds,
        long lastEvaluationMs) {
      this(name, query, labels, health, lastError, evaluationSeconds, lastEvaluationMs, List.of());
    }

    @Override
    public Map<String, String> labelTexts() {
      return Annotations.texts(labels, emptyLabels);
    }
  }

  /** An alerting rule. Durations are in seconds, times in epoch milliseconds, 0 = never. */
  record AlertingRule(
      String name,
      String query,
      Labels labels,
      Labels annotations,
      double forSeconds,
      double keepFiringForSeconds,
      AlertState state,
      List<ActiveAlert> alerts,
      Health health,
      String lastError,
      double evaluationSeconds,
      long lastEvaluationMs,
      List<String> emptyAnnotations,
      List<String> emptyLabels)
      implements Rule {
    /** Copies the lists. */
    public AlertingRule {
      alerts = List.copyOf(alerts);
      emptyAnnotations = List.copyOf(emptyAnnotations);
      emptyLabels = List.copyOf(emptyLabels);
    }

    /** Creates a rule without empty labels. */
    public AlertingRule(
        String name,
        String query,
        Labels labels,
        Labels annotations,
        double forSeconds,
        double keepFiringForSeconds,
        AlertState state,
        List<ActiveAlert> alerts,
        Health health,
        String lastError,
        double evaluationSeconds,
        long lastEvaluationMs,
        List<String> emptyAnnotations) {
      this(
          name,
          query,
          labels,
          annotations,
          forSeconds,
          keepFiringForSeconds,
          state,
          alerts,
          health,
          lastError,
          evaluationSeconds,
          lastEvaluationMs,
          emptyAnnotations,
          List.of());
    }

    @Override
    public Map<String, String> labelTexts() {
      return Annotations.texts(labels, emptyLabels);
    }

    /** Creates a rule without empty labels and annotations. */
    public AlertingRule(
        String name,
        String query,
        Labels labels,
        Labels annotations,
        double forSeconds,
        double keepFiringForSeconds,
        AlertState state,
        List<ActiveAlert> alerts,
        Health health,
        String lastError,
        double evaluationSeconds,
        long lastEvaluationMs) {
      this(
          name,
          query,
          labels,
          annotations,
          forSeconds,
          keepFiringForSeconds,
          state,
          alerts,
          health,
          lastError,
          evaluationSeconds,
          lastEvaluationMs,
          List.of());
    }

    /** Returns all annotations by name, in order of names, including the empty ones. */
    public Map<String, String> annotationTexts() {
      return Annotations.texts(annotations, emptyAnnotations);
    }
  }

  /** A pending or firing alert. Times are in epoch milliseconds, 0 = never. */
  record ActiveAlert(
      Labels labels,
      Labels annotations,
      AlertState state,
      long activeAtMs,
      long keepFiringSinceMs,
      double value,
      List<String> emptyAnnotations) {
    /** Copies the list. */
    public ActiveAlert {
      emptyAnnotations = List.copyOf(emptyAnnotations);
    }

    /** Creates an alert without empty annotations. */
    public ActiveAlert(
        Labels labels,
        Labels annotations,
        AlertState state,
        long activeAtMs,
        long keepFiringSinceMs,
        double value) {
      this(labels, annotations, state, activeAtMs, keepFiringSinceMs, value, List.of());
    }

    /** Returns all annotations by name, in order of names, including the empty ones. */
    public Map<String, String> annotationTexts() {
      return Annotations.texts(annotations, emptyAnnotations);
    }
  }
}
