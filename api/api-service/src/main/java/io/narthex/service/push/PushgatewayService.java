package io.narthex.service.push;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Keeps metrics that jobs push, as the Pushgateway does: by group, until they are replaced or
 * deleted. Paths are what follows {@code /metrics/}, decoded, for example {@code
 * job/backup/instance/db1}. Thread-safe.
 */
@ProviderType
public interface PushgatewayService {
  /** Returns the settings in effect. */
  PushSettings settings();

  /**
   * A push.
   *
   * @param path labels of the group
   * @param replace whether the group loses what it had; else only families of the same name
   * @param contentType that of the request; empty for none
   * @param body the text format or messages, not compressed; belongs to the caller again after the
   *     call
   * @param length bytes of the body
   * @param ttl how long the group is kept from now on; zero: until it is deleted
   */
  record Push(
      String path, boolean replace, String contentType, byte[] body, int length, Duration ttl) {}

  /**
   * A response.
   *
   * @param status of HTTP: 200, 202 (taken without a check, or deleted), 400, 413, 500
   * @param text the body; empty for none
   */
  record Answer(int status, String text) {}

  /** Takes or refuses a push; what is taken is on the disk when this returns. */
  Answer push(Push push);

  /** Removes a group, also one that does not exist. */
  Answer delete(String path);

  /** Removes all groups. */
  Answer wipe();

  /** Returns the estimated memory of all groups in bytes; what shows them takes as much again. */
  long bytes();

  /**
   * All pushed metrics in a format that a scraper reads.
   *
   * @param contentType of the body
   */
  record Exposed(String contentType, byte[] body) {}

  /**
   * Returns the metrics of all groups.
   *
   * @param accept the header of the scraper, or null
   */
  Exposed expose(@Nullable String accept);

  /** Returns the groups, for the API and the pages; a view is made when it is asked for. */
  Iterable<GroupView> groups();

  /**
   * A group.
   *
   * @param labels those of its path
   * @param lastPush when a push succeeded last, or null
   * @param lastFailure when one failed last, or null
   * @param families by name, with the two that tell when it was pushed to
   */
  record GroupView(
      Map<String, String> labels,
      boolean lastPushSuccessful,
      @Nullable Instant lastPush,
      @Nullable Instant lastFailure,
      Map<String, FamilyView> families) {}

  /**
   * A family.
   *
   * @param time when it was pushed
   * @param type as the API names it, for example {@code GAUGE}
   * @param help empty for none
   */
  record FamilyView(Instant time, String type, String help, List<MetricView> metrics) {}

  /**
   * A metric; numbers are text as Go formats them.
   *
   * @param value of a counter, gauge or untyped metric, else null
   * @param sum of a summary or histogram, else null
   * @param count the same
   * @param points quantiles or upper bounds and their values, null for a metric with a value
   * @param nativeBuckets of a native histogram: boundaries rule ({@code 0}: left open, 1: right
   *     open, 2: both open, 3: both closed), lower and upper bound, count; null for none
   */
  record MetricView(
      Map<String, String> labels,
      @Nullable String value,
      @Nullable String sum,
      @Nullable String count,
      @Nullable Map<String, String> points,
      @Nullable List<NativeBucket> nativeBuckets) {}

  /** A bucket of a native histogram. */
  record NativeBucket(int boundaries, String lower, String upper, String count) {}
}
