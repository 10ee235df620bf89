package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.airlift.compress.v3.snappy.SnappyJavaCompressor;
import io.narthex.http.WriteRequestReaderTest.Proto;
import io.narthex.model.Labels;
import io.narthex.service.memory.WorkMemory;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.storage.StorageGate;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.core.Response;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class WriteApiTest {
  private static final long NOW = 1_700_000_000_000L;
  private static final Clock CLOCK = Clock.fixed(Instant.ofEpochMilli(NOW), ZoneOffset.UTC);

  /** References of the storage; emptied by {@link #forget}. */
  private final Map<Long, Labels> known = new HashMap<>();

  private final List<String> stored = new ArrayList<>();
  private final Map<String, Double> counts = new TreeMap<>();
  private int resolved;
  private int forget; // so many appends meet a storage that has just forgotten all

  private final WorkMemory memory = new WorkMemory(1L << 30);
  private final WriteApi api = new WriteApi(storage(), server(), metrics(), memory, CLOCK);

  private StorageGate storage() {
    return (StorageGate)
        Proxy.newProxyInstance(
            WriteApiTest.class.getClassLoader(),
            new Class<?>[] {StorageGate.class},
            (proxy, method, args) ->
                switch (method.getName()) {
                  case "resolve" -> {
                    resolved++;
                    known.put((long) resolved, (Labels) args[0]);
                    yield (long) resolved;
                  }
                  case "append" -> append((SampleBatch) args[0]);
                  case "tryHold" -> true;
                  default -> null;
                });
  }

  private AppendResult append(SampleBatch batch) {
    if (forget > 0) {
      forget--;
      known.clear();
    }
    byte[] codes = new byte[batch.size()];
    boolean bad = false;
    for (int row = 0; row < codes.length; row++) {
      Labels labels = known.get(batch.ref(row));
      if (labels == null) {
        codes[row] = AppendResult.UNKNOWN_SERIES;
        bad = true;
      } else {
        stored.add(labels + " " + batch.timeMs(row) + " " + batch.histogram(row));
      }
    }
    return bad ? AppendResult.of(codes, 0) : AppendResult.ALL_OK;
  }

  private static ServerInfo server(String... accepted) {
    return (ServerInfo)
        Proxy.newProxyInstance(
            WriteApiTest.class.getClassLoader(),
            new Class<?>[] {ServerInfo.class},
            (proxy, method, args) ->
                switch (method.getName()) {
                  case "enabled" -> true;
                  case "flags" ->
                      accepted.length == 0
                          ? Map.of()
                          : Map.of(
                              "web.remote-write-receiver.accepted-protobuf-messages",
                              List.of(accepted));
                  default -> null;
                });
  }

  private Metrics metrics() {
    return (Metrics)
        Proxy.newProxyInstance(
            WriteApiTest.class.getClassLoader(),
            new Class<?>[] {Metrics.class},
            (proxy, method, args) -> counter((String) args[0]));
  }

  private Metrics.Counter counter(String name) {
    return (Metrics.Counter)
        Proxy.newProxyInstance(
            WriteApiTest.class.getClassLoader(),
            new Class<?>[] {Metrics.Counter.class},
            (proxy, method, args) ->
                switch (method.getName()) {
                  case "with" -> counter(name + Arrays.toString((String[]) args[0]));
                  case "inc" -> counts.merge(name, 1.0, Double::sum);
                  case "add" -> counts.merge(name, (Double) args[0], Double::sum);
                  default -> null;
                });
  }

  private static HttpServletRequest request(@Nullable String type, @Nullable String encoding) {
    return (HttpServletRequest)
        Proxy.newProxyInstance(
            WriteApiTest.class.getClassLoader(),
            new Class<?>[] {HttpServletRequest.class},
            (proxy, method, args) ->
                switch (method.getName()) {
                  case "getContentType" -> type;
                  case "getHeader" -> encoding;
                  default -> null;
                });
  }

  private static byte[] snappy(byte[] bytes) {
    SnappyJavaCompressor c = new SnappyJavaCompressor();
    byte[] out = new byte[c.maxCompressedLength(bytes.length)];
    return Arrays.copyOf(out, c.compress(bytes, 0, bytes.length, out, 0, out.length));
  }

  private Response send(byte[] compressed) throws IOException {
    return api.write(
        request("application/x-protobuf", "snappy"), new ByteArrayInputStream(compressed));
  }

  private static Proto series(String name, Proto... parts) {
    Proto p = new Proto().nested(1, WriteRequestReaderTest.label("__name__", name));
    for (Proto part : parts) {
      p.nested(2, part);
    }
    return p;
  }

  private static Proto sample(long timeMs) {
    return new Proto().number(1, 1.5).varint(2, timeMs);
  }

  @Test
  void histogramsAndExemplarsFromTheFutureAreRefusedLikeFloats() throws IOException {
    Proto histogram = new Proto().varint(1, 0).varint(15, NOW + 601_000);
    byte[] bytes =
        new Proto()
            .nested(1, series("good", sample(NOW)))
            .nested(1, series("ahead").nested(4, histogram))
            .toBytes();
    Response response = send(snappy(bytes));
    assertThat(response.getStatus()).isEqualTo(400);
    assertThat(response.getEntity())
        .isEqualTo("out of bounds: timestamp is too far in the future\n");
    assertThat(stored).as("all or nothing").isEmpty();
    assertThat(resolved).isZero();
    assertThat(counts).containsEntry("narthex_remote_write_refused_samples_total[future]", 1.0);

    Proto exemplar = new Proto().number(2, 1).varint(3, NOW + 601_000);
    assertThat(
            send(snappy(
                    new Proto()
                        .nested(1, series("good", sample(NOW + 600_000)).nested(3, exemplar))
                        .toBytes()))
                .getStatus())
        .isEqualTo(204);
    assertThat(stored).hasSize(1);
    assertThat(counts)
        .containsEntry("narthex_remote_write_refused_samples_total[future_exemplar]", 1.0);
  }

  @Test
  void inAFullHeapRequestsAreToComeAgainLater() throws IOException {
    byte[] bytes = snappy(new Proto().nested(1, series("good", sample(NOW))).toBytes());
    memory.live(900L << 20);
    Response response = send(bytes);
    assertThat(response.getStatus()).isEqualTo(503);
    assertThat(response.getHeaderString("Retry-After")).isNotNull();
    assertThat((String) response.getEntity()).contains("heap is full");
    assertThat(resolved).isZero();
    assertThat(counts)
        .containsEntry("narthex_remote_write_refused_requests_total[series_room]", 1.0);
    memory.live(500L << 20);
    assertThat(send(bytes).getStatus()).isEqualTo(204);
  }

  @Test
  void seriesWithInvalidLabelsAreLeftOut() throws IOException {
    byte[] notUtf8 = {(byte) 0xff};
    byte[] bytes =
        new Proto()
            .nested(
                1, series("bad", sample(NOW)).nested(1, new Proto().text(1, "a").bytes(2, notUtf8)))
            .nested(1, series("good", sample(NOW)))
            .toBytes();
    assertThat(send(snappy(bytes)).getStatus()).isEqualTo(204);
    assertThat(stored).containsExactly("{__name__=\"good\"} " + NOW + " null");
    assertThat(resolved).isEqualTo(1);
    assertThat(counts)
        .containsEntry("prometheus_api_remote_write_invalid_labels_samples_total", 1.0);
  }

  @Test
  void whatTheStorageForgotIsResolvedAgain() throws IOException {
    forget = 1;
    byte[] bytes =
        new Proto()
            .nested(1, series("a", sample(NOW), sample(NOW + 1)))
            .nested(1, series("b", sample(NOW)))
            .toBytes();
    assertThat(send(snappy(bytes)).getStatus()).isEqualTo(204);
    assertThat(stored).hasSize(3);
    forget = 10;
    Response response = send(snappy(bytes));
    assertThat(response.getStatus()).isEqualTo(503);
    assertThat(response.getHeaderString("Retry-After")).isNotNull();
  }

  @Test
  void announcedLengthsAllocateNothing() throws IOException {
    byte[] bomb = {(byte) 0x80, (byte) 0x80, (byte) 0x80, 0x10, 0}; // 32 MiB
    Response response = send(bomb);
    assertThat(response.getStatus()).isEqualTo(400);
    assertThat(response.getEntity().toString()).contains("announces more than it can hold");
    byte[] unknown = new byte[1 << 20];
    for (int i = 0; i < unknown.length; i += 2) {
      unknown[i] = 15 << 3; // an integer of 0
    }
    assertThat(send(snappy(unknown)).getStatus()).as("fields that nobody knows").isEqualTo(204);
    assertThat(send(snappy(new byte[1 << 20])).getStatus()).as("field 0").isEqualTo(400);
  }

  @Test
  void acceptedMessagesAreThoseOfTheFlag() throws IOException {
    byte[] empty = snappy(new byte[0]);
    WriteApi second =
        new WriteApi(
            storage(),
            server("io.prometheus.write.v2.Request"),
            metrics(),
            new WorkMemory(1L << 30),
            CLOCK);
    for (String type :
        new String[] {null, "application/x-protobuf;proto=prometheus.WriteRequest"}) {
      assertThat(second.write(request(type, null), new ByteArrayInputStream(empty)).getStatus())
          .isEqualTo(415);
    }
    WriteApi both =
        new WriteApi(
            storage(),
            server("prometheus.WriteRequest", "io.prometheus.write.v2.Request"),
            metrics(),
            new WorkMemory(1L << 30),
            CLOCK);
    assertThat(both.write(request(null, null), new ByteArrayInputStream(empty)).getStatus())
        .isEqualTo(204);
  }

  @Test
  void messagesThatAreNotTakenAreLoggedOncePerMinute() throws IOException {
    Logger logger = (Logger) LoggerFactory.getLogger(WriteApi.class);
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    logged.start();
    logger.addAppender(logged);
    logger.setLevel(Level.WARN);
    try {
      String second = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
      for (int i = 0; i < 3; i++) {
        byte[] empty = snappy(new byte[0]);
        assertThat(api.write(request(second, null), new ByteArrayInputStream(empty)).getStatus())
            .isEqualTo(415);
      }
    } finally {
      logger.setLevel(null);
      logger.detachAppender(logged);
    }
    assertThat(logged.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .singleElement()
        .asString()
        .contains("io.prometheus.write.v2.Request", "the sender loses this data");
  }

  @Test
  void mediaTypesAsInTheOriginal() throws IOException {
    byte[] empty = snappy(new byte[0]);
    for (String good :
        new String[] {
          null, "", "application/x-protobuf", "application/x-protobuf;proto=prometheus.WriteRequest"
        }) {
      assertThat(api.write(request(good, "Snappy"), new ByteArrayInputStream(empty)).getStatus())
          .as(good)
          .isEqualTo(204);
    }
    for (String bad :
        new String[] {
          "text/plain",
          "application/x-protobuf2",
          "application/x-protobuf;proto",
          "application/x-protobuf;proto=prometheus.writerequest",
          "application/x-protobuf;proto=io.prometheus.write.v2.Request"
        }) {
      assertThat(api.write(request(bad, null), new ByteArrayInputStream(empty)).getStatus())
          .as(bad)
          .isEqualTo(415);
    }
    assertThat(api.write(request(null, "gzip"), new ByteArrayInputStream(empty)).getStatus())
        .isEqualTo(415);
  }
}
