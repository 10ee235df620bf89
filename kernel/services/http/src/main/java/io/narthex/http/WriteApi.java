package io.narthex.http;

import io.airlift.compress.v3.MalformedInputException;
import io.airlift.compress.v3.snappy.SnappyJavaDecompressor;
import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.service.memory.WorkMemory;
import io.narthex.service.memory.WorkMemory.Use;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.storage.StorageGate;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.StorageException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The remote write 1.0 receiver: {@code POST /api/v1/write}, switched on by a flag.
 *
 * <p><b>Errors.</b> Series with invalid labels are left out and counted, the rest of the request is
 * stored. A sample or histogram more than ten minutes ahead refuses the whole request before
 * anything is stored. Samples that the storage refuses are named in a 400; the others of that
 * request are stored. While the storage is replaced the response is 503, which senders retry.
 *
 * <p><b>Memory.</b> Announced lengths alone allocate nothing; all requests together decode within
 * an eighth of the heap, further ones wait for a moment and are then refused with 503.
 */
@Path("/api/v1/write")
public final class WriteApi {
  private static final String PROTOBUF = "application/x-protobuf";
  private static final String MESSAGE_1 = "prometheus.WriteRequest";
  private static final String MESSAGE_2 = "io.prometheus.write.v2.Request";
  private static final String ACCEPTED = "web.remote-write-receiver.accepted-protobuf-messages";
  private static final Logger LOG = LoggerFactory.getLogger(WriteApi.class);
  private static final long WARNING_PAUSE_NANOS = 60_000_000_000L;
  private static final int MAX_DECODED = 32 << 20;
  private static final long FUTURE_MS = 600_000;

  /** A copy element of snappy has 3 bytes and gives at most 64. */
  private static final int MAX_RATIO = 22;

  private static final int CHUNK = 64 << 10;
  private static final long WAIT_SECONDS = 10;
  private static final String RETRY_AFTER_SECONDS = "5";
  private static final int MAX_TRIES = 3;
  private static final long HEAP = Runtime.getRuntime().maxMemory();

  /** Most samples, histograms and exemplars of one request; each takes about 100 bytes. */
  private static final int MAX_ROWS = (int) Math.min(4 << 20, HEAP / 8 / 100);

  /** Memory of decoding, as a multiple of the decoded bytes. */
  private static final int DECODED_FACTOR = 3;

  private final StorageGate storage;
  private final ServerInfo server;
  private final Clock clock;
  private final Metrics.Counter invalidLabels;
  private final Metrics.Counter refusedSamples;
  private final Metrics.Counter refusedRequests;

  private final WorkMemory memory;

  /** Whether messages of version 1.0 are accepted; those of 2.0 are not understood yet. */
  private final boolean firstAccepted;

  private final AtomicLong nextWarning = new AtomicLong(System.nanoTime());

  WriteApi(
      StorageGate storage, ServerInfo server, Metrics metrics, WorkMemory memory, Clock clock) {
    this.storage = storage;
    this.server = server;
    this.clock = clock;
    this.memory = memory;
    List<String> messages = server.flags().get(ACCEPTED);
    firstAccepted = messages == null || messages.contains(MESSAGE_1);
    invalidLabels =
        metrics.counter(
            "prometheus_api_remote_write_invalid_labels_samples_total",
            "The total number of received remote write samples and histogram samples which were rejected due to invalid labels.");
    refusedSamples =
        metrics.counter(
            "narthex_remote_write_refused_samples_total",
            "Samples, histograms and exemplars of remote write that were refused, by reason; a rise means that a sender loses data.",
            "reason");
    refusedRequests =
        metrics.counter(
            "narthex_remote_write_refused_requests_total",
            "Requests of remote write that were refused as a whole, by reason.",
            "reason");
  }

  /** Logs a loss, at most once a minute: a sender drops data that is refused with 415. */
  private void warnOfLoss(String problem, @Nullable String from) {
    long now = System.nanoTime();
    long next = nextWarning.get();
    if (now - next >= 0 && nextWarning.compareAndSet(next, now + WARNING_PAUSE_NANOS)) {
      LOG.warn(
          "remote write from {}: {}; the sender loses this data, give it a message that is"
              + " accepted",
          from,
          problem);
    }
  }

  private Response refuse(int status, String reason, String text) {
    refusedRequests.with(reason).inc();
    Response.ResponseBuilder b =
        Response.status(status).entity(text + "\n").type(MediaType.TEXT_PLAIN_TYPE);
    return (status == 503 ? b.header("Retry-After", RETRY_AFTER_SECONDS) : b).build();
  }

  /** Takes a write request. */
  @POST
  @Consumes(MediaType.WILDCARD)
  public Response write(@Context HttpServletRequest request, InputStream body) throws IOException {
    if (!server.enabled("web.enable-remote-write-receiver")) {
      return refuse(
          404,
          "disabled",
          "remote write receiver needs to be enabled with --web.enable-remote-write-receiver");
    }
    String problem = contentTypeProblem(request.getContentType());
    if (problem != null) {
      warnOfLoss(problem, request.getRemoteAddr());
      return refuse(415, "content_type", problem);
    }
    String encoding = request.getHeader("Content-Encoding");
    if (encoding != null
        && !encoding.isEmpty()
        && !encoding.toLowerCase(Locale.ROOT).equals("snappy")) {
      return refuse(
          415,
          "encoding",
          encoding
              + " encoding (compression) is not accepted by this server; only snappy is acceptable");
    }
    if (memory.full()) { // which of its series are new is not known before it is decoded
      return refuse(
          503,
          "series_room",
          "memory: the heap is full of series, new ones cannot be stored; send again later, or give the server more memory");
    }
    Held held = new Held();
    try {
      return take(body, held);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return refuse(503, "storage", "the server is stopping");
    } finally {
      memory.give(Use.WRITES, held.bytes);
    }
  }

  /** Returns what is wrong with a media type, or null; as the original reads it. */
  private @Nullable String contentTypeProblem(@Nullable String contentType) {
    if (contentType == null || contentType.isBlank()) {
      return accepted(MESSAGE_1); // old senders leave it out
    }
    String type = contentType.strip();
    String[] parts = type.split(";", -1);
    if (!parts[0].strip().equals(PROTOBUF)) {
      return "expected " + PROTOBUF + " as the first (media) part, got " + type + " content-type";
    }
    for (int i = 1; i < parts.length; i++) {
      String[] pair = parts[i].strip().split("=", -1);
      if (pair.length != 2) {
        return "as per https://www.rfc-editor.org/rfc/rfc9110#parameter expected parameters to be key-values, got "
            + parts[i]
            + " in "
            + type
            + " content-type";
      }
      if (pair[0].equals("proto")) {
        return switch (pair[1]) {
          case MESSAGE_1, MESSAGE_2 -> accepted(pair[1]);
          default ->
              "got "
                  + type
                  + " content type; unknown type for remote write protobuf message "
                  + pair[1]
                  + ", supported: "
                  + MESSAGE_1
                  + ", "
                  + MESSAGE_2;
        };
      }
    }
    return accepted(MESSAGE_1);
  }

  /** Returns why a message is not accepted, or null when it is. */
  private @Nullable String accepted(String message) {
    boolean taken = message.equals(MESSAGE_1) && firstAccepted;
    return taken
        ? null
        : message
            + " protobuf message is not accepted by this server; only accepts "
            + (firstAccepted ? MESSAGE_1 : "none of those that senders have");
  }

  /** The memory that a request holds. */
  private static final class Held {
    private long bytes;
  }

  /** Takes memory, at most what all requests together may have. */
  private boolean take(Held held, long bytes) throws InterruptedException {
    long more = Math.min(memory.most(Use.WRITES) - held.bytes, bytes);
    if (!memory.take(Use.WRITES, more, TimeUnit.SECONDS.toNanos(WAIT_SECONDS))) {
      return false;
    }
    held.bytes += more;
    return true;
  }

  private Response busy() {
    return refuse(503, "busy", "too many remote write requests at once; send again later");
  }

  private Response take(InputStream body, Held held) throws IOException, InterruptedException {
    byte[] compressed = new byte[CHUNK];
    int length = 0;
    while (true) {
      if (length == compressed.length) {
        if (length > MAX_DECODED) {
          return refuse(400, "too_large", "snappy: corrupt input: it is too long");
        }
        if (!take(held, length)) {
          return busy();
        }
        compressed = Arrays.copyOf(compressed, length * 2);
      }
      int n = body.read(compressed, length, compressed.length - length);
      if (n < 0) {
        break;
      }
      length += n;
    }
    byte[] message;
    int decoded;
    try {
      SnappyJavaDecompressor snappy = new SnappyJavaDecompressor();
      byte[] exact = Arrays.copyOf(compressed, length);
      compressed = exact;
      long announced = snappy.getUncompressedLength(exact, 0);
      if (announced < 0 || announced > (long) MAX_RATIO * length + CHUNK) {
        return refuse(400, "corrupt", "snappy: corrupt input: it announces more than it can hold");
      }
      if (announced > MAX_DECODED) {
        return refuse(
            400,
            "too_large",
            "snappy: decoded length "
                + announced
                + " is above the limit of "
                + MAX_DECODED
                + " bytes");
      }
      if (!take(held, DECODED_FACTOR * announced)) {
        return busy();
      }
      message = new byte[(int) announced];
      decoded = snappy.decompress(exact, 0, length, message, 0, message.length);
    } catch (MalformedInputException | IndexOutOfBoundsException | IllegalArgumentException e) {
      return refuse(400, "corrupt", "snappy: corrupt input: " + e.getMessage());
    }
    return store(message, decoded, held);
  }

  /** A decoded request: until they are resolved, the references of its rows are series numbers. */
  private static final class Content {
    final SampleBatch batch = new SampleBatch(1024);
    final List<Labels> series = new ArrayList<>();
  }

  private Response store(byte[] message, int length, Held held) throws InterruptedException {
    Content content = new Content();
    long latest = clock.millis() + FUTURE_MS;
    int[] future = new int[1];
    try {
      WriteRequestReader.read(
          message,
          length,
          MAX_ROWS,
          (labels, timesMs, values, histogramTimes, histograms, exemplars) -> {
            if (labels == null || labels.metricName().isEmpty()) {
              invalidLabels.add(timesMs.length + histogramTimes.length);
              refusedSamples.with("invalid_labels").add(timesMs.length + histogramTimes.length);
              return;
            }
            future[0] += ahead(timesMs, latest) + ahead(histogramTimes, latest);
            if (future[0] == 0) {
              add(content, labels, timesMs, values, histogramTimes, histograms, exemplars, latest);
            }
          });
    } catch (WriteRequestReader.MalformedException e) {
      return refuse(400, "malformed", "proto: " + e.getMessage());
    }
    if (future[0] > 0) {
      refusedSamples.with("future").add(future[0]);
      return refuse(400, "future", "out of bounds: timestamp is too far in the future");
    }
    if (content.batch.size() == 0) {
      return Response.noContent().build();
    }
    if (!take(held, 100L * content.batch.size())) {
      return busy();
    }
    boolean holds = storage.tryHold(); // keeps references valid until the batch is appended
    try {
      return append(content);
    } catch (StorageException.Closed e) {
      return refuse(503, "storage", e.getMessage() + "; send again later");
    } finally {
      if (holds) {
        storage.release();
      }
    }
  }

  private static int ahead(long[] timesMs, long latest) {
    int n = 0;
    for (long t : timesMs) {
      if (t > latest) {
        n++;
      }
    }
    return n;
  }

  private void add(
      Content content,
      Labels labels,
      long[] timesMs,
      double[] values,
      long[] histogramTimes,
      List<NativeHistogram> histograms,
      List<Exemplar> exemplars,
      long latest) {
    SampleBatch batch = content.batch;
    if (timesMs.length + histogramTimes.length == 0) {
      return;
    }
    int number = content.series.size();
    content.series.add(labels);
    for (int i = 0; i < timesMs.length; i++) {
      batch.add(number, timesMs[i], values[i]);
    }
    for (int i = 0; i < histogramTimes.length; i++) {
      batch.add(number, histogramTimes[i], histograms.get(i));
    }
    for (Exemplar e : exemplars) {
      if (e.timestampMs() > latest) {
        refusedSamples.with("future_exemplar").inc();
      } else {
        batch.exemplar(batch.size() - 1, e);
      }
    }
  }

  /** Resolves the series and appends; again for series that the storage no longer knows. */
  private Response append(Content content) {
    SampleBatch batch = content.batch;
    int[] rows = new int[batch.size()]; // number of the series of each row
    for (int row = 0; row < rows.length; row++) {
      rows[row] = (int) batch.ref(row);
    }
    String problem = "";
    for (int attempt = 0; attempt < MAX_TRIES; attempt++) {
      resolve(batch, rows, content.series);
      AppendResult result = storage.append(batch);
      if (problem.isEmpty()) {
        problem = problem(result, batch, rows, content.series);
      }
      int unknown = result.count(AppendResult.UNKNOWN_SERIES);
      if (result.count(AppendResult.NO_ROOM) > 0) {
        return refuse(
            503, "no_room", "too many out of order samples wait to be written; send again later");
      }
      if (unknown == 0) {
        return problem.isEmpty()
            ? Response.noContent().build()
            : refuse(400, "refused_samples", problem);
      }
      int[] left = new int[unknown];
      batch = unknown(batch, rows, result, left);
      rows = left;
    }
    return refuse(503, "storage", "the storage is being replaced; send again later");
  }

  private void resolve(SampleBatch batch, int[] rows, List<Labels> series) {
    int last = -1;
    long ref = 0;
    for (int row = 0; row < rows.length; row++) {
      if (rows[row] != last) {
        last = rows[row];
        ref = storage.resolve(series.get(last));
      }
      batch.ref(row, ref);
    }
  }

  private static SampleBatch unknown(
      SampleBatch batch, int[] rows, AppendResult result, int[] left) {
    SampleBatch again = new SampleBatch(left.length);
    int[] moved = new int[rows.length];
    for (int row = 0; row < rows.length; row++) {
      moved[row] = -1;
      if (result.code(row) == AppendResult.UNKNOWN_SERIES) {
        left[again.size()] = rows[row];
        NativeHistogram h = batch.histogram(row);
        moved[row] =
            h == null
                ? again.add(rows[row], batch.timeMs(row), batch.value(row))
                : again.add(rows[row], batch.timeMs(row), h);
      }
    }
    for (int i = 0; i < batch.exemplarCount(); i++) {
      int to = moved[batch.exemplarRow(i)];
      if (to >= 0) {
        again.exemplar(to, batch.exemplar(i));
      }
    }
    return again;
  }

  /** Counts what was refused; returns the first problem or the empty string. */
  private String problem(AppendResult result, SampleBatch batch, int[] rows, List<Labels> series) {
    String first = "";
    for (int row = 0; !result.allOk() && row < rows.length; row++) {
      byte code = result.code(row);
      if (code == AppendResult.OK || code == AppendResult.UNKNOWN_SERIES) {
        continue;
      }
      refusedSamples.with(reason(code)).inc();
      if (first.isEmpty()) {
        first = text(code) + " for series " + series.get(rows[row]) + " at " + batch.timeMs(row);
      }
    }
    return first;
  }

  private static String reason(byte code) {
    return switch (code) {
      case AppendResult.OUT_OF_ORDER -> "out_of_order";
      case AppendResult.DUPLICATE -> "duplicate";
      case AppendResult.OUT_OF_BOUNDS -> "out_of_bounds";
      case AppendResult.TOO_OLD -> "too_old";
      case AppendResult.TOO_FAR_IN_FUTURE -> "future";
      case AppendResult.NO_ROOM -> "no_room";
      case AppendResult.INVALID_HISTOGRAM -> "invalid_histogram";
      default -> "other";
    };
  }

  private static String text(byte code) {
    return switch (code) {
      case AppendResult.OUT_OF_ORDER -> "out of order sample";
      case AppendResult.DUPLICATE -> "duplicate sample for timestamp";
      case AppendResult.OUT_OF_BOUNDS -> "out of bounds";
      case AppendResult.TOO_OLD -> "too old sample";
      case AppendResult.TOO_FAR_IN_FUTURE -> "out of bounds: timestamp is too far in the future";
      case AppendResult.INVALID_HISTOGRAM -> "invalid histogram";
      default -> "refused by the storage (" + code + ")";
    };
  }
}
