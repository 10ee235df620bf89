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
 * What {@code /api/v2} and the alert pages show and change. Thread-safe; returns copies. Bad input
 * is an {@link InvalidRequestException} whose text is the body of the answer.
 */
@ProviderType
public interface AlertmanagerService {
  /** Returns the alerts a query asks for, by fingerprint. */
  List<AlertView> alerts(AlertQuery query);

  /** Returns the aggregation groups with the alerts a query asks for, by labels and receiver. */
  List<GroupView> groups(AlertQuery query);

  /**
   * Takes posted alerts.
   *
   * @throws InvalidRequestException when some are invalid; the valid ones have been taken
   */
  void post(List<PostedAlert> alerts);

  /**
   * Returns silences: active ones by end, pending ones by start, expired ones by end, newest first.
   *
   * @param filters texts of matchers that a silence must have literally
   */
  List<Silence> silences(List<String> filters, boolean active, boolean pending, boolean expired);

  /** Returns a silence, or nothing when the id is unknown. */
  Optional<Silence> silence(String id);

  /**
   * Creates a silence, or changes the one with the id given.
   *
   * @return its id; another one than given when it could not be changed in place
   * @throws InvalidRequestException when it is not valid
   * @throws UnknownSilenceException when the id given is unknown
   */
  String putSilence(SilenceRequest request);

  /**
   * Ends a silence now; one that has ended stays as it is.
   *
   * @throws UnknownSilenceException when the id is unknown
   */
  void expireSilence(String id);

  /**
   * Returns the receivers, in the order of the file.
   *
   * @param matchers texts of matchers on the labels of receivers
   */
  List<ReceiverView> receivers(List<String> matchers);

  /** Returns the routing tree as it is used. */
  RouteView routes();

  /** Returns the names of the receivers that alerts with these labels reach, in order. */
  List<String> test(Labels labels);

  /** Returns the configuration in effect as YAML, secrets hidden, and since when it runs. */
  Status status();

  /**
   * What alerts are wanted.
   *
   * @param filters texts of matchers on labels, all have to hold
   * @param receiver anchored regular expression on receiver names, empty = any
   * @param receiverMatchers texts of matchers on labels of receivers
   * @param muted whether groups of muted routes count; only for groups
   */
  record AlertQuery(
      List<String> filters,
      String receiver,
      List<String> receiverMatchers,
      boolean active,
      boolean silenced,
      boolean inhibited,
      boolean muted) {
    /** Everything. */
    public static final AlertQuery ALL =
        new AlertQuery(List.of(), "", List.of(), true, true, true, true);
  }

  /** How an alert is treated. */
  enum AlertState {
    /** Not yet looked at. */
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
   * @param emptyAnnotations names of the annotations whose text is empty
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
    /** Creates an alert none of whose annotations is empty. */
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

    /** Returns all annotations by name, in order, the empty ones too. */
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
   * An alert as it was posted.
   *
   * @param startsAt null: now
   * @param endsAt null: now and the resolve timeout
   */
  record PostedAlert(
      Map<String, String> labels,
      Map<String, String> annotations,
      @Nullable Instant startsAt,
      @Nullable Instant endsAt,
      String generatorUrl) {}

  /** State of a silence by the clock. */
  enum SilenceState {
    /** Begins later. */
    PENDING,
    /** Holds now. */
    ACTIVE,
    /** Has ended. */
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
   * @param id empty: a new one
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
   * @param key as it stands in group keys, for example <code>{}/{team="x"}</code>
   * @param id unique within the tree
   */
  record RouteView(
      String key, String id, String receiver, boolean continues, List<RouteView> routes) {}

  /** The state of the alerting part. */
  record Status(String configYaml, Instant startedAt) {}

  /** A request that cannot be served. */
  final class InvalidRequestException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Creates one with the text for the client. */
    public InvalidRequestException(String message) {
      super(message);
    }
  }

  /** There is no silence with this id. */
  final class UnknownSilenceException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Creates one with the text for the client. */
    public UnknownSilenceException(String message) {
      super(message);
    }
  }
}
