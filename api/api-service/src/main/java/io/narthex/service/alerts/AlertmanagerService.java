package io.narthex.service.alerts;

import io.narthex.model.Annotations;
import io.narthex.model.Labels;
import io.narthex.service.config.AlertmanagerConfig.LabelMatcher;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The Alertmanager behind {@code /api/v2} and the alert pages. Thread-safe; returns copies. Invalid
 * input throws an {@link InvalidRequestException} whose message is the body of the response.
 */
@ProviderType
public interface AlertmanagerService {
  /** Returns the alerts that a query selects, by fingerprint. */
  List<AlertView> alerts(AlertQuery query);

  /**
   * Returns the aggregation groups with the alerts that a query selects, by labels and receiver.
   */
  List<GroupView> groups(AlertQuery query);

  /**
   * Adds posted alerts.
   *
   * @throws InvalidRequestException when some are invalid; the valid ones have been added
   */
  void post(List<PostedAlert> alerts);

  /**
   * Returns silences: active ones by end, pending ones by start, expired ones by end, newest first.
   *
   * @param filters matchers, as in {@code filter} parameters, that a silence must have literally
   */
  List<Silence> silences(List<String> filters, boolean active, boolean pending, boolean expired);

  /** Returns a silence, or nothing when the id is unknown. */
  Optional<Silence> silence(String id);

  /**
   * Creates a silence, or changes the one with the given id.
   *
   * @return its id; differs from the given one when it could not be changed in place
   * @throws InvalidRequestException when it is not valid
   * @throws UnknownSilenceException when the given id is unknown
   */
  String putSilence(SilenceRequest request);

  /**
   * Expires a silence now; an expired one stays as it is.
   *
   * @throws UnknownSilenceException when the id is unknown
   */
  void expireSilence(String id);

  /**
   * Returns the receivers, in the order of the file.
   *
   * @param matchers matchers on the labels of receivers
   */
  List<ReceiverView> receivers(List<String> matchers);

  /** Returns the routing tree in effect. */
  RouteView routes();

  /** Returns the names of the receivers of alerts with these labels, in order of the routes. */
  List<String> test(Labels labels);

  /** Returns the configuration in effect as YAML with secrets hidden, and the start time. */
  Status status();

  /**
   * Selects alerts.
   *
   * @param filters matchers on labels, all of which must match
   * @param receiver anchored regular expression on receiver names; empty = any
   * @param receiverMatchers matchers on labels of receivers
   * @param muted whether groups of muted routes are included; only for groups
   */
  record AlertQuery(
      List<String> filters,
      String receiver,
      List<String> receiverMatchers,
      boolean active,
      boolean silenced,
      boolean inhibited,
      boolean muted) {
    /** All alerts. */
    public static final AlertQuery ALL =
        new AlertQuery(List.of(), "", List.of(), true, true, true, true);
  }

  /** Notification state of an alert. */
  enum AlertState {
    /** Not yet processed. */
    UNPROCESSED,
    /** Notifies. */
    ACTIVE,
    /** Silenced, inhibited or muted. */
    SUPPRESSED
  }

  /**
   * An alert with its status.
   *
   * @param fingerprint 16 hexadecimal digits
   * @param receivers names, in order of the routes
   * @param silencedBy ids of silences
   * @param inhibitedBy fingerprints of alerts
   * @param mutedBy names of time intervals
   * @param emptyAnnotations names of the annotations whose value is empty
   */
  record AlertView(
      Labels labels,
      Labels annotations,
      Instant startsAt,
      Instant endsAt,
      Instant updatedAt,
      String generatorUrl,
      String fingerprint,
      List<String> receivers,
      AlertState state,
      List<String> silencedBy,
      List<String> inhibitedBy,
      List<String> mutedBy,
      List<String> emptyAnnotations) {
    /** Creates an alert without empty annotations. */
    public AlertView(
        Labels labels,
        Labels annotations,
        Instant startsAt,
        Instant endsAt,
        Instant updatedAt,
        String generatorUrl,
        String fingerprint,
        List<String> receivers,
        AlertState state,
        List<String> silencedBy,
        List<String> inhibitedBy,
        List<String> mutedBy) {
      this(
          labels,
          annotations,
          startsAt,
          endsAt,
          updatedAt,
          generatorUrl,
          fingerprint,
          receivers,
          state,
          silencedBy,
          inhibitedBy,
          mutedBy,
          List.of());
    }

    /** Returns all annotations by name, in order of names, including the empty ones. */
    public Map<String, String> annotationTexts() {
      return Annotations.texts(annotations, emptyAnnotations);
    }
  }

  /** An aggregation group. */
  record GroupView(
      Labels labels,
      Map<String, String> routeLabels,
      String receiver,
      String groupKey,
      List<AlertView> alerts) {}

  /**
   * A posted alert.
   *
   * @param startsAt null: now
   * @param endsAt null: now plus the resolve timeout
   */
  record PostedAlert(
      Map<String, String> labels,
      Map<String, String> annotations,
      @Nullable Instant startsAt,
      @Nullable Instant endsAt,
      String generatorUrl) {}

  /** State of a silence by its times. */
  enum SilenceState {
    /** Starts later. */
    PENDING,
    /** In effect. */
    ACTIVE,
    /** Has expired. */
    EXPIRED
  }

  /** A silence. */
  record Silence(
      String id,
      List<LabelMatcher> matchers,
      Instant startsAt,
      Instant endsAt,
      Instant updatedAt,
      String createdBy,
      String comment,
      Map<String, String> annotations,
      SilenceState state) {}

  /**
   * A silence to create or change.
   *
   * @param id empty: create one
   */
  record SilenceRequest(
      String id,
      List<LabelMatcher> matchers,
      Instant startsAt,
      Instant endsAt,
      String createdBy,
      String comment,
      Map<String, String> annotations) {}

  /** A receiver. */
  record ReceiverView(String name, Map<String, String> labels, List<String> integrations) {}

  /**
   * A node of the routing tree.
   *
   * @param key as in group keys, for example <code>{}/{team="x"}</code>
   * @param id unique within the tree
   */
  record RouteView(
      String key, String id, String receiver, boolean continues, List<RouteView> routes) {}

  /** Status of the Alertmanager. */
  record Status(String configYaml, Instant startedAt) {}

  /** Thrown for an invalid request. */
  final class InvalidRequestException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Creates one with a message for the client. */
    public InvalidRequestException(String message) {
      super(message);
    }
  }

  /** Thrown when there is no silence with the id. */
  final class UnknownSilenceException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Creates one with a message for the client. */
    public UnknownSilenceException(String message) {
      super(message);
    }
  }
}
