package io.narthex.http;

import io.airlift.compress.v3.MalformedInputException;
import io.airlift.compress.v3.snappy.SnappyJavaDecompressor;
import io.narthex.service.memory.WorkMemory;
import io.narthex.service.memory.WorkMemory.Use;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.storage.StorageGate;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The receiver of remote write, 1.0 and 2.0: {@code POST /api/v1/write}, switched on by a flag. The
 * media type tells which message it is; {@link WriteStore} has the rules of what is stored.
 *
 * <p><b>Memory.</b> Announced lengths alone allocate nothing; all requests together decode within
 * an eighth of the heap, further ones wait for a moment and are then refused with 503.
 */
final class WriteFilter extends DirectFilter {
  static final String PATH = "/api/v1/write";

  private static final String PROTOBUF = "application/x-protobuf";
  private static final String MESSAGE_1 = "prometheus.WriteRequest";
  private static final String MESSAGE_2 = "io.prometheus.write.v2.Request";
  private static final String ACCEPTED = "web.remote-write-receiver.accepted-protobuf-messages";
  private static final Logger LOG = LoggerFactory.getLogger(WriteFilter.class);
  private static final long WARNING_PAUSE_NANOS = 60_000_000_000L;
  private static final int MAX_DECODED = 32 << 20;

  /** A copy element of snappy has 3 bytes and gives at most 64. */
  private static final int MAX_RATIO = 22;

  private static final int CHUNK = 64 << 10;

  /** How many buffers of how many bytes stay for further requests. */
  private static final int KEPT = Math.min(4, Runtime.getRuntime().availableProcessors());

  private static final int MAX_KEPT = 512 << 10;
  private static final long WAIT_SECONDS = 10;
  private static final String RETRY_AFTER_SECONDS = "5";

  /** Memory of decoding, as a multiple of the decoded bytes. */
  private static final int DECODED_FACTOR = 3;

  private static final String WRITTEN = "X-Prometheus-Remote-Write-";

  private final ServerInfo server;
  private final WriteStore store;
  private final Metrics.Counter refusedRequests;

  private final WorkMemory memory;

  private final List<String> accepted;

  private final ArrayDeque<Buffers> spare = new ArrayDeque<>(); // guarded by itself

  private final AtomicLong nextWarning = new AtomicLong(System.nanoTime());

  WriteFilter(
      StorageGate storage,
      Common common,
      Metrics metrics,
      WorkMemory memory,
      WrittenMetadata metadata,
      Clock clock) {
    super(PATH, Set.of("POST"), common);
    server = common.server();
    this.memory = memory;
    store = new WriteStore(storage, server, metrics, metadata, clock);
    List<String> messages = server.flags().get(ACCEPTED);
    accepted = messages == null || messages.isEmpty() ? List.of(MESSAGE_1, MESSAGE_2) : messages;
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

  /**
   * The answer to a request.
   *
   * @param text of the body; may be empty
   * @param written what was stored of a message of 2.0, else null
   */
  private record Reply(int status, String text, WriteStore.@Nullable Outcome written) {}

  private Reply refuse(int status, String reason, String text) {
    refusedRequests.with(reason).inc();
    return new Reply(status, text + "\n", null);
  }

  @Override
  void answer(HttpServletRequest in, HttpServletResponse out) throws IOException {
    Reply reply;
    try {
      reply = write(in, in.getInputStream());
    } catch (IOException e) {
      error(out, ErrorMappers.fault(e));
      return;
    }
    WriteStore.Outcome written = reply.written;
    if (written != null) {
      out.setHeader(WRITTEN + "Samples-Written", Integer.toString(written.samples()));
      out.setHeader(WRITTEN + "Histograms-Written", Integer.toString(written.histograms()));
      out.setHeader(WRITTEN + "Exemplars-Written", Integer.toString(written.exemplars()));
    }
    if (reply.status == 503) {
      out.setHeader("Retry-After", RETRY_AFTER_SECONDS);
    }
    if (reply.text.isEmpty()) {
      out.setStatus(reply.status);
    } else {
      plain(out, reply.status, reply.text);
    }
  }

  private Reply write(HttpServletRequest request, InputStream body) throws IOException {
    if (!server.enabled("web.enable-remote-write-receiver")) {
      return refuse(
          404,
          "disabled",
          "remote write receiver needs to be enabled with --web.enable-remote-write-receiver");
    }
    List<String> message = new ArrayList<>();
    String problem = contentTypeProblem(request.getContentType(), message);
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
      return take(body, held, message.contains(MESSAGE_2));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return refuse(503, "storage", "the server is stopping");
    } finally {
      memory.give(Use.WRITES, held.bytes);
    }
  }

  /**
   * Returns what is wrong with a media type, or null; as the original reads it.
   *
   * @param message gets the name of the message
   */
  private @Nullable String contentTypeProblem(@Nullable String contentType, List<String> message) {
    if (contentType == null || contentType.isBlank()) {
      message.add(MESSAGE_1);
      return problem(MESSAGE_1); // old senders leave it out
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
        if (!pair[1].equals(MESSAGE_1) && !pair[1].equals(MESSAGE_2)) {
          return "got "
              + type
              + " content type; unknown type for remote write protobuf message "
              + pair[1]
              + ", supported: "
              + MESSAGE_1
              + ", "
              + MESSAGE_2;
        }
        message.add(pair[1]);
        return problem(pair[1]);
      }
    }
    message.add(MESSAGE_1);
    return problem(MESSAGE_1);
  }

  /** Returns why a message is not accepted, or null when it is. */
  private @Nullable String problem(String message) {
    return accepted.contains(message)
        ? null
        : message
            + " protobuf message is not accepted by this server; only accepts "
            + String.join(", ", accepted);
  }

  /** What a request is read into, decoded into, and taken apart into. */
  private static final class Buffers {
    private byte[] compressed = new byte[CHUNK];
    private byte[] decoded = new byte[0];
    private final WriteColumns columns = new WriteColumns();
  }

  private Buffers takeBuffers() {
    synchronized (spare) {
      Buffers buffers = spare.poll();
      return buffers == null ? new Buffers() : buffers;
    }
  }

  /** Keeps those of usual requests for the next ones. */
  private void giveBuffers(Buffers buffers) {
    if (buffers.compressed.length > MAX_KEPT
        || buffers.decoded.length > MAX_KEPT
        || !buffers.columns.clear()) {
      return;
    }
    synchronized (spare) {
      if (spare.size() < KEPT) {
        spare.push(buffers);
      }
    }
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

  private Reply busy() {
    return refuse(503, "busy", "too many remote write requests at once; send again later");
  }

  private Reply take(InputStream body, Held held, boolean second)
      throws IOException, InterruptedException {
    Buffers buffers = takeBuffers();
    try {
      return take(body, held, second, buffers);
    } finally {
      giveBuffers(buffers);
    }
  }

  private Reply take(InputStream body, Held held, boolean second, Buffers buffers)
      throws IOException, InterruptedException {
    int length = 0;
    while (true) {
      if (length == buffers.compressed.length) {
        if (length > MAX_DECODED) {
          return refuse(400, "too_large", "snappy: corrupt input: it is too long");
        }
        if (!take(held, length)) {
          return busy();
        }
        buffers.compressed = Arrays.copyOf(buffers.compressed, length * 2);
      }
      int n = body.read(buffers.compressed, length, buffers.compressed.length - length);
      if (n < 0) {
        break;
      }
      length += n;
    }
    int decoded;
    try {
      SnappyJavaDecompressor snappy = new SnappyJavaDecompressor();
      // what a former request left must not be read as the announced length of a shorter one
      Arrays.fill(
          buffers.compressed, length, Math.min(length + 8, buffers.compressed.length), (byte) 0);
      long announced = snappy.getUncompressedLength(buffers.compressed, 0);
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
      if (buffers.decoded.length < announced) {
        buffers.decoded = new byte[(int) announced];
      }
      decoded =
          snappy.decompress(buffers.compressed, 0, length, buffers.decoded, 0, (int) announced);
    } catch (MalformedInputException | IndexOutOfBoundsException | IllegalArgumentException e) {
      return refuse(400, "corrupt", "snappy: corrupt input: " + e.getMessage());
    }
    WriteStore.Outcome outcome =
        store.store(buffers.decoded, decoded, second, bytes -> take(held, bytes), buffers.columns);
    Reply reply =
        outcome.reason().isEmpty()
            ? new Reply(outcome.status(), "", null)
            : refuse(outcome.status(), outcome.reason(), outcome.text());
    return second ? new Reply(reply.status, reply.text, outcome) : reply;
  }
}
