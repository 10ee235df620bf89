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

  /** Returns the Alertmanagers alerts are sent to over HTTP, and those that relabelling dropped. */
  AlertmanagerUrls alertmanagers();

  /** URLs of Alertmanagers, as {@code /api/v1/alertmanagers} shows them. */
  record AlertmanagerUrls(List<String> active, List<String> dropped) {
    /** Copies the lists. */
    public AlertmanagerUrls {
      active = List.copyOf(active);
      dropped = List.copyOf(dropped);
    }
  }

  /** How a rule is. */
  enum Health {
    /** Not yet evaluated. */
    UNKNOWN,
    /** The newest evaluation succeeded. */
    OK,
    /** The newest evaluation failed. */
    ERR
  }

  /** State of an alert, or of a rule by its alerts. */
  enum AlertState {
    /** Not yet evaluated. */
    UNKNOWN,
    /** The condition does not hold. */
    INACTIVE,
    /** It holds, not yet for long enough. */
    PENDING,
    /** It holds for long enough. */
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

    /** The expression as the printer writes it. */
    String query();

    /** Labels the rule adds. */
    Labels labels();

    /**
     * Returns the labels as they are configured, by name, in order; those with an empty value,
     * which take a label away, too.
     */
    default Map<String, String> labelTexts() {
      return Annotations.texts(labels(), List.of());
    }

    /** How it is. */
    Health health();

    /** Text of the newest failure, or empty. */
    String lastError();

    /** Seconds the newest evaluation took. */
    double evaluationSeconds();

    /** Time of the newest evaluation, 0 = never. */
    long lastEvaluationMs();
  }

  /** A rule that records series. */
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

    /** Creates a rule none of whose labels is empty. */
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

  /** A rule that raises alerts. */
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

    /** Creates a rule none of whose labels is empty. */
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

    /** Creates a rule none of whose annotations is empty. */
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

    /** Returns all annotations by name, in order, the empty ones too. */
    public Map<String, String> annotationTexts() {
      return Annotations.texts(annotations, emptyAnnotations);
    }
  }

  /** An alert that is pending or firing. */
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

    /** Creates an alert none of whose annotations is empty. */
    public ActiveAlert(
        Labels labels,
        Labels annotations,
        AlertState state,
        long activeAtMs,
        long keepFiringSinceMs,
        double value) {
      this(labels, annotations, state, activeAtMs, keepFiringSinceMs, value, List.of());
    }

    /** Returns all annotations by name, in order, the empty ones too. */
    public Map<String, String> annotationTexts() {
      return Annotations.texts(annotations, emptyAnnotations);
    }
  }
}
