package io.narthex.http;

import static io.narthex.http.WriteRequestReaderTest.exemplar2;
import static io.narthex.http.WriteRequestReaderTest.histogram2;
import static io.narthex.http.WriteRequestReaderTest.sample2;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.airlift.compress.v3.snappy.SnappyJavaCompressor;
import io.narthex.http.WriteRequestReaderTest.Proto;
import io.narthex.http.WriteRequestReaderTest.Second;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.service.memory.WorkMemory;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.storage.StorageGate;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.LookupStorage;
import io.narthex.spi.storage.MetadataStorage;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.StorageException;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class WriteFilterTest {
  private static final long NOW = 1_700_000_000_000L;
  private static final Clock CLOCK = Clock.fixed(Instant.ofEpochMilli(NOW), ZoneOffset.UTC);

  /** References of the storage; emptied by {@link #forget}. */
  private final Map<Long, Labels> known = new HashMap<>();

  private final List<String> stored = new ArrayList<>();
  private final Map<String, Double> counts = new TreeMap<>();
  private int resolved;
  private @Nullable StorageException fails; // what an append throws
  private int forget; // so many appends meet a storage that has just forgotten all

  private final Set<String> features = new HashSet<>();
  private final WorkMemory memory = new WorkMemory(1L << 30);
  private final WrittenMetadata metadata = new WrittenMetadata(1 << 20);
  private final WriteFilter api =
      new WriteFilter(storage(), common(), metrics(), memory, metadata, CLOCK);

  /** Codes of the storage by time. */
  private final Map<Long, Byte> codes = new HashMap<>();

  private int rejectedExemplars;

  /** The newest sample of a series, for exemplars that come without one. */
  private final Map<Labels, Double> newest = new HashMap<>();

  private StorageGate storage() {
    return (StorageGate)
        Proxy.newProxyInstance(
            WriteFilterTest.class.getClassLoader(),
            new Class<?>[] {StorageGate.class, MetadataStorage.class, LookupStorage.class},
            (proxy, method, args) ->
                switch (method.getName()) {
                  case "resolve" -> {
                    for (Map.Entry<Long, Labels> e : known.entrySet()) {
                      if (e.getValue().equals(args[0])) {
                        yield e.getKey();
                      }
                    }
                    resolved++;
                    known.put((long) resolved, (Labels) args[0]);
                    yield (long) resolved;
                  }
                  case "append" -> append((SampleBatch) args[0]);
                  case "tryHold" -> true;
                  case "select" -> cursor();
                  case "epoch" -> epoch;
                  case "capability" ->
                      args[0] == LookupStorage.class
                          ? looksUp ? proxy : null
                          : keepsMetadata ? proxy : null;
                  case "stored" -> lookUp((SampleBatch) args[0], (BitSet) args[1]);
                  default -> null;
                });
  }

  private long epoch = 1;
  private boolean keepsMetadata;
  private boolean looksUp;

  /** How many rows were looked up at a time. */
  private final List<Integer> lookedUp = new ArrayList<>();

  private BitSet lookUp(SampleBatch batch, BitSet rows) {
    lookedUp.add(rows.cardinality());
    BitSet found = new BitSet();
    rows.stream().filter(row -> batch.value(row) == 1.5).forEach(found::set);
    return found;
  }

  /** Metadata that has come with batches. */
  private final List<MetricMetadata> withBatches = new ArrayList<>();

  private SeriesCursor cursor() {
    Iterator<Map.Entry<Labels, Double>> all = newest.entrySet().iterator();
    List<Map.Entry<Labels, Double>> at = new ArrayList<>();
    return (SeriesCursor)
        Proxy.newProxyInstance(
            WriteFilterTest.class.getClassLoader(),
            new Class<?>[] {SeriesCursor.class},
            (proxy, method, args) ->
                switch (method.getName()) {
                  case "nextSeries" -> all.hasNext() && at.add(all.next());
                  case "labels" -> at.getLast().getKey();
                  case "nextTile" -> {
                    SampleTile tile = (SampleTile) args[0];
                    tile.kind = SampleTile.Kind.FLOAT;
                    tile.size = tile.size == 0 ? 1 : 0;
                    tile.timesMs[0] = NOW - 7;
                    tile.values[0] = at.getLast().getValue();
                    yield tile.size > 0;
                  }
                  default -> null;
                });
  }

  private AppendResult append(SampleBatch batch) {
    if (fails != null) {
      throw fails;
    }
    if (forget > 0) {
      forget--;
      known.clear();
    }
    appended.add(batch.size());
    for (int i = 0; i < batch.metadataCount(); i++) {
      withBatches.add(batch.metadata(i));
    }
    byte[] result = new byte[batch.size()];
    boolean bad = rejectedExemplars > 0;
    for (int row = 0; row < result.length; row++) {
      Labels labels = known.get(batch.ref(row));
      if (labels == null) {
        result[row] = AppendResult.UNKNOWN_SERIES;
        bad = true;
      } else if (codes.containsKey(batch.timeMs(row))) {
        result[row] = codes.getOrDefault(batch.timeMs(row), AppendResult.OK);
        bad = true;
      } else {
        stored.add(
            labels
                + " "
                + batch.timeMs(row)
                + " "
                + batch.histogram(row)
                + (batch.startTimeMs(row) == 0 ? "" : " since " + batch.startTimeMs(row))
                + (batch.zeroMs(row) == 0 ? "" : " from zero at " + batch.zeroMs(row)));
      }
    }
    for (int i = 0; i < batch.exemplarCount(); i++) {
      if (known.containsKey(batch.ref(batch.exemplarRow(i)))) {
        exemplars.add(
            known.get(batch.ref(batch.exemplarRow(i)))
                + " "
                + batch.timeMs(batch.exemplarRow(i))
                + " "
                + batch.exemplar(i).labels());
      }
    }
    return bad ? AppendResult.of(result, rejectedExemplars) : AppendResult.ALL_OK;
  }

  private final List<String> exemplars = new ArrayList<>();

  /** Rows of each append. */
  private final List<Integer> appended = new ArrayList<>();

  private DirectFilter.Common common(String... accepted) {
    return new DirectFilter.Common(
        server(accepted), new CrossOrigin(".*"), new RequestMetrics(metrics()));
  }

  private ServerInfo server(String... accepted) {
    return (ServerInfo)
        Proxy.newProxyInstance(
            WriteFilterTest.class.getClassLoader(),
            new Class<?>[] {ServerInfo.class},
            (proxy, method, args) ->
                switch (method.getName()) {
                  case "enabled" -> true;
                  case "feature" -> features.contains(args[0]);
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
            WriteFilterTest.class.getClassLoader(),
            new Class<?>[] {Metrics.class},
            (proxy, method, args) ->
                method.getName().equals("counter") ? counter((String) args[0]) : null);
  }

  private Metrics.Counter counter(String name) {
    return (Metrics.Counter)
        Proxy.newProxyInstance(
            WriteFilterTest.class.getClassLoader(),
            new Class<?>[] {Metrics.Counter.class},
            (proxy, method, args) ->
                switch (method.getName()) {
                  case "with" -> counter(name + Arrays.toString((String[]) args[0]));
                  case "inc" -> counts.merge(name, 1.0, Double::sum);
                  case "add" -> counts.merge(name, (Double) args[0], Double::sum);
                  default -> null;
                });
  }

  /** What the filter sent. */
  private record Answer(int status, Map<String, String> headers, String text) {}

  private static HttpServletRequest request(
      @Nullable String type, @Nullable String encoding, byte[] body) {
    return (HttpServletRequest)
        Proxy.newProxyInstance(
            WriteFilterTest.class.getClassLoader(),
            new Class<?>[] {HttpServletRequest.class},
            (proxy, method, args) ->
                switch (method.getName()) {
                  case "getContentType" -> type;
                  case "getHeader" -> encoding;
                  case "getInputStream" -> new Body(body);
                  default -> null;
                });
  }

  /** The body of a request. */
  private static final class Body extends ServletInputStream {
    private final InputStream bytes;

    Body(byte[] bytes) {
      this.bytes = new ByteArrayInputStream(bytes);
    }

    @Override
    public int read() throws IOException {
      return bytes.read();
    }

    @Override
    public boolean isFinished() {
      throw new UnsupportedOperationException();
    }

    @Override
    public boolean isReady() {
      throw new UnsupportedOperationException();
    }

    @Override
    public void setReadListener(ReadListener listener) {
      throw new UnsupportedOperationException();
    }
  }

  /** The body of a response. */
  private static final class Sent extends ServletOutputStream {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    @Override
    public void write(int b) {
      bytes.write(b);
    }

    @Override
    public boolean isReady() {
      throw new UnsupportedOperationException();
    }

    @Override
    public void setWriteListener(WriteListener listener) {
      throw new UnsupportedOperationException();
    }
  }

  private static Answer answer(
      WriteFilter filter, @Nullable String type, @Nullable String encoding, byte[] body)
      throws IOException {
    int[] status = {200};
    Map<String, String> headers = new HashMap<>();
    Sent sent = new Sent();
    HttpServletResponse response =
        (HttpServletResponse)
            Proxy.newProxyInstance(
                WriteFilterTest.class.getClassLoader(),
                new Class<?>[] {HttpServletResponse.class},
                (proxy, method, args) ->
                    switch (method.getName()) {
                      case "setStatus" -> {
                        status[0] = (Integer) args[0];
                        yield null;
                      }
                      case "setHeader" -> headers.put((String) args[0], (String) args[1]);
                      case "getOutputStream" -> sent;
                      default -> null;
                    });
    filter.answer(request(type, encoding, body), response);
    return new Answer(status[0], headers, sent.bytes.toString(StandardCharsets.UTF_8));
  }

  private static byte[] snappy(byte[] bytes) {
    SnappyJavaCompressor c = new SnappyJavaCompressor();
    byte[] out = new byte[c.maxCompressedLength(bytes.length)];
    return Arrays.copyOf(out, c.compress(bytes, 0, bytes.length, out, 0, out.length));
  }

  private Answer send(byte[] compressed) throws IOException {
    return answer(api, "application/x-protobuf", "snappy", compressed);
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
    Answer response = send(snappy(bytes));
    assertThat(response.status()).isEqualTo(400);
    assertThat(response.text()).isEqualTo("out of bounds: timestamp is too far in the future\n");
    assertThat(stored).as("all or nothing").isEmpty();
    assertThat(resolved).isZero();
    assertThat(counts).containsEntry("narthex_remote_write_refused_samples_total[future]", 1.0);

    Proto exemplar = new Proto().number(2, 1).varint(3, NOW + 601_000);
    assertThat(
            send(snappy(
                    new Proto()
                        .nested(1, series("good", sample(NOW + 600_000)).nested(3, exemplar))
                        .toBytes()))
                .status())
        .isEqualTo(204);
    assertThat(stored).hasSize(1);
    assertThat(counts)
        .containsEntry("narthex_remote_write_refused_samples_total[future_exemplar]", 1.0);
  }

  @Test
  void inAFullHeapRequestsAreToComeAgainLater() throws IOException {
    byte[] bytes = snappy(new Proto().nested(1, series("good", sample(NOW))).toBytes());
    memory.live(900L << 20);
    Answer response = send(bytes);
    assertThat(response.status()).isEqualTo(503);
    assertThat(response.headers()).containsKey("Retry-After");
    assertThat(response.text()).contains("heap is full");
    assertThat(resolved).isZero();
    assertThat(counts)
        .containsEntry("narthex_remote_write_refused_requests_total[series_room]", 1.0);
    memory.live(500L << 20);
    assertThat(send(bytes).status()).isEqualTo(204);
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
    assertThat(send(snappy(bytes)).status()).isEqualTo(204);
    assertThat(stored).containsExactly("{__name__=\"good\"} " + NOW + " null");
    assertThat(resolved).isEqualTo(1);
    assertThat(counts)
        .containsEntry("prometheus_api_remote_write_invalid_labels_samples_total", 1.0);
  }

  private static Proto manyLabels(int of, int more) {
    Proto series = series("m", sample(NOW));
    for (int i = 1; i < 20 + more; i++) {
      series.nested(1, WriteRequestReaderTest.label("l" + i, "" + of));
    }
    return series;
  }

  @Test
  void namesOfLabelsOfNewSeriesOfARequestAreBounded() throws IOException {
    Proto request = new Proto();
    for (int i = 0; i < 4; i++) {
      Proto series = series("m", sample(NOW));
      for (int name = 1; name < WriteStore.MAX_NEW_NAMES / 4; name++) {
        series.nested(1, WriteRequestReaderTest.label("l" + i + "_" + name, "v"));
      }
      request.nested(1, series);
    }
    byte[] many = request.toBytes(); // with the name of the metric, and three less
    Proto more = series("m", sample(NOW));
    for (int name = 0; name < 4; name++) {
      more.nested(1, WriteRequestReaderTest.label("more" + name, "v"));
    }
    byte[] tooMany = request.nested(1, more).toBytes();
    Answer refused = send(snappy(tooMany));
    assertThat(refused.status()).isEqualTo(400);
    assertThat(refused.text()).contains("have more than 16384 names of labels");
    assertThat(stored).isEmpty();
    assertThat(send(snappy(many)).status()).isEqualTo(204);
    assertThat(send(snappy(tooMany)).status()).as("all but one are known").isEqualTo(204);
  }

  @Test
  void labelsOfNewSeriesOfARequestAreBounded() throws IOException {
    Proto request = new Proto();
    for (int i = 0; i < WriteStore.MAX_NEW_LABELS / 20; i++) {
      request.nested(1, manyLabels(i, 0));
    }
    int left = WriteStore.MAX_NEW_LABELS % 20;
    byte[] many = request.toBytes();
    byte[] tooMany = request.nested(1, manyLabels(-1, left - 20 + 1)).toBytes();
    Answer refused = send(snappy(tooMany));
    assertThat(refused.status()).isEqualTo(400);
    assertThat(refused.text()).contains("have more than 262144 labels; send less at once");
    assertThat(stored).isEmpty();
    assertThat(send(snappy(many)).status()).isEqualTo(204);
    assertThat(send(snappy(tooMany)).status()).as("all but one are known").isEqualTo(204);
    assertThat(resolved).isEqualTo(WriteStore.MAX_NEW_LABELS / 20 + 1);
  }

  @Test
  void whatTheStorageForgotIsResolvedAgain() throws IOException {
    forget = 1;
    byte[] bytes =
        new Proto()
            .nested(1, series("a", sample(NOW), sample(NOW + 1)))
            .nested(1, series("b", sample(NOW)))
            .toBytes();
    assertThat(send(snappy(bytes)).status()).isEqualTo(204);
    assertThat(stored).hasSize(3);
    forget = 10;
    Answer response = send(snappy(bytes));
    assertThat(response.status()).isEqualTo(503);
    assertThat(response.headers()).containsKey("Retry-After");
  }

  @Test
  void announcedLengthsAllocateNothing() throws IOException {
    byte[] bomb = {(byte) 0x80, (byte) 0x80, (byte) 0x80, 0x10, 0}; // 32 MiB
    Answer response = send(bomb);
    assertThat(response.status()).isEqualTo(400);
    assertThat(response.text()).contains("announces more than it can hold");
    byte[] unknown = new byte[1 << 20];
    for (int i = 0; i < unknown.length; i += 2) {
      unknown[i] = 15 << 3; // an integer of 0
    }
    assertThat(send(snappy(unknown)).status()).as("fields that nobody knows").isEqualTo(204);
    assertThat(send(snappy(new byte[1 << 20])).status()).as("field 0").isEqualTo(400);
  }

  @Test
  void acceptedMessagesAreThoseOfTheFlag() throws IOException {
    byte[] empty = snappy(new byte[0]);
    WriteFilter second =
        new WriteFilter(
            storage(),
            common("io.prometheus.write.v2.Request"),
            metrics(),
            new WorkMemory(1L << 30),
            metadata,
            CLOCK);
    assertThat(answer(second, SECOND, null, empty).status()).isEqualTo(204);
    assertThat(answer(second, null, null, empty).text())
        .isEqualTo(
            "prometheus.WriteRequest protobuf message is not accepted by this server; only accepts"
                + " io.prometheus.write.v2.Request\n");
    for (String type :
        new String[] {null, "application/x-protobuf;proto=prometheus.WriteRequest"}) {
      assertThat(answer(second, type, null, empty).status()).isEqualTo(415);
    }
    WriteFilter both =
        new WriteFilter(
            storage(),
            common("prometheus.WriteRequest", "io.prometheus.write.v2.Request"),
            metrics(),
            new WorkMemory(1L << 30),
            metadata,
            CLOCK);
    assertThat(answer(both, null, null, empty).status()).isEqualTo(204);
  }

  @Test
  void messagesThatAreNotTakenAreLoggedOncePerMinute() throws IOException {
    Logger logger = (Logger) LoggerFactory.getLogger(WriteFilter.class);
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    logged.start();
    logger.addAppender(logged);
    logger.setLevel(Level.WARN);
    try {
      WriteFilter first =
          new WriteFilter(
              storage(), common("prometheus.WriteRequest"), metrics(), memory, metadata, CLOCK);
      for (int i = 0; i < 3; i++) {
        byte[] empty = snappy(new byte[0]);
        assertThat(answer(first, SECOND, null, empty).status()).isEqualTo(415);
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
          null,
          "",
          "application/x-protobuf",
          "application/x-protobuf;proto=prometheus.WriteRequest",
          SECOND
        }) {
      assertThat(answer(api, good, "Snappy", empty).status()).as(good).isEqualTo(204);
    }
    for (String bad :
        new String[] {
          "text/plain",
          "application/x-protobuf2",
          "application/x-protobuf;proto",
          "application/x-protobuf;proto=prometheus.writerequest"
        }) {
      assertThat(answer(api, bad, null, empty).status()).as(bad).isEqualTo(415);
    }
    assertThat(answer(api, null, "gzip", empty).status()).isEqualTo(415);
  }

  // ---- remote write 2.0 ----------------------------------------------------------------------

  private static final String SECOND =
      "application/x-protobuf;proto=io.prometheus.write.v2.Request";

  private Answer send(Second request) throws IOException {
    return answer(api, SECOND, "snappy", snappy(request.toBytes()));
  }

  /** Returns status, samples, histograms and exemplars as the headers tell them. */
  private static String written(Answer response) {
    StringBuilder out = new StringBuilder().append(response.status());
    for (String what : new String[] {"Samples", "Histograms", "Exemplars"}) {
      out.append(' ')
          .append(response.headers().get("X-Prometheus-Remote-Write-" + what + "-Written"));
    }
    return out.toString();
  }

  @Test
  void aRequestOfTheSecondVersionIsStoredAndCounted() throws IOException {
    Second request = new Second();
    request.series(
        request.refs("__name__", "requests_total"),
        sample2(NOW - 1, 1.5, 5),
        sample2(NOW, 2.5, 5),
        exemplar2(request, NOW, "trace", "x"),
        request.metadata(1, "All requests.", ""));
    request.series(request.refs("__name__", "wait"), histogram2(NOW, 5));
    Answer response = send(request);
    assertThat(written(response)).isEqualTo("204 2 1 1");
    assertThat(stored).hasSize(3).noneMatch(s -> s.contains("since"));
    assertThat(exemplars)
        .containsExactly("{__name__=\"requests_total\"} " + NOW + " {trace=\"x\"}");
    assertThat(metadata.all())
        .containsExactly(
            new MetricMetadata("requests_total", MetricType.COUNTER, "All requests.", ""));
    assertThat(counts)
        .containsEntry("prometheus_api_remote_write_without_metadata_appended_samples_total", 1.0);
  }

  @Test
  void startTimesAreStoredWithTheirFeature() throws IOException {
    features.add("st-storage");
    WriteFilter storing = new WriteFilter(storage(), common(), metrics(), memory, metadata, CLOCK);
    Second request = new Second();
    request.series(request.refs("__name__", "a"), sample2(NOW, 1.5, 5));
    request.series(request.refs("__name__", "b"), histogram2(NOW, 6));
    answer(storing, SECOND, "snappy", snappy(request.toBytes()));
    assertThat(stored)
        .satisfiesExactly(
            s -> assertThat(s).endsWith("since 5"), s -> assertThat(s).endsWith("since 6"));
  }

  @Test
  void metadataReachesTheStorageOnceAndAgainAfterItWasReplaced() throws IOException {
    MetricMetadata family =
        new MetricMetadata("requests_total", MetricType.COUNTER, "All requests.", "");
    for (int i = 0; i < 2; i++) {
      Second request = new Second();
      request.series(
          request.refs("__name__", "requests_total"),
          sample2(NOW + i, 1.5, 5),
          request.metadata(1, "All requests.", ""));
      assertThat(send(request).status()).isEqualTo(204);
    }
    assertThat(withBatches).containsExactly(family);
    assertThat(resolved).isEqualTo(1);
    epoch = 2;
    known.clear();
    Second request = new Second();
    request.series(
        request.refs("__name__", "requests_total"),
        sample2(NOW + 2, 1.5, 5),
        request.metadata(1, "All requests.", ""));
    assertThat(send(request).status()).isEqualTo(204);
    assertThat(withBatches).containsExactly(family, family);
    assertThat(stored).as("in one append").hasSize(3);
  }

  @Test
  void metadataWithoutSamplesReachesAStorageThatKeepsIt() throws IOException {
    Proto family = new Proto().varint(1, 2).text(2, "up").text(4, "Whether.");
    byte[] message = snappy(new Proto().nested(3, family).toBytes());
    assertThat(send(message).status()).isEqualTo(204);
    assertThat(withBatches).as("of one that does not").isEmpty();
    keepsMetadata = true;
    assertThat(send(message).status()).isEqualTo(204);
    assertThat(withBatches)
        .containsExactly(new MetricMetadata("up", MetricType.GAUGE, "Whether.", ""));
  }

  @Test
  void aZeroAtTheStartTimeIsAskedForWithItsFeature() throws IOException {
    features.add("created-timestamp-zero-ingestion");
    WriteFilter storing = new WriteFilter(storage(), common(), metrics(), memory, metadata, CLOCK);
    Second request = new Second();
    request.series(request.refs("__name__", "a"), sample2(NOW, 1.5, 5));
    request.series(request.refs("__name__", "b"), histogram2(NOW, 6));
    request.series(request.refs("__name__", "c"), sample2(NOW, 1.5, 0));
    answer(storing, SECOND, "snappy", snappy(request.toBytes()));
    assertThat(stored)
        .satisfiesExactly(
            s -> assertThat(s).endsWith("from zero at 5"),
            s -> assertThat(s).endsWith("from zero at 6"),
            s -> assertThat(s).doesNotContain("zero at", "since"));
  }

  @Test
  void whatCanBeStoredOfTheSecondVersionIsAndEachReasonIsNamed() throws IOException {
    codes.put(NOW - 100, AppendResult.OUT_OF_ORDER);
    codes.put(NOW - 200, AppendResult.TOO_OLD);
    codes.put(NOW - 300, AppendResult.DUPLICATE);
    codes.put(NOW - 400, AppendResult.OUT_OF_BOUNDS);
    codes.put(NOW - 500, AppendResult.INVALID_HISTOGRAM);
    Second request = new Second();
    request.series(request.refs("job", "a"), sample2(NOW, 1, 0));
    request.series(request.refs("__name__", "", "é é", "a"), sample2(NOW, 1, 0));
    request.series(
        request.refs("__name__", "up", "a", "1", "a", "2"), sample2(NOW, 1, 0), histogram2(NOW, 0));
    request.series(new Proto().nested(1, request.packed("a", "b", "c")), sample2(NOW, 1, 0));
    request.series(request.refs("__name__", "empty"));
    for (int i = 1; i <= 4; i++) {
      request.series(
          request.refs("__name__", "m" + i), sample2(NOW, 1, 0), sample2(NOW - 100 * i, 1, 0));
    }
    request.series(request.refs("__name__", "h"), histogram2(NOW - 500, 0), histogram2(NOW, 0));
    request.series(request.refs("__name__", "ahead"), sample2(NOW + 601_000, 1, 0));
    Answer response = send(request);
    assertThat(written(response)).isEqualTo("400 4 1 0");
    assertThat(response.text().lines().toList())
        .contains(
            "invalid metric name or labels, got {job=\"a\"}",
            "invalid metric name or labels, got {__name__=\"\", \"é é\"=\"a\"}",
            "invalid labels for series, labels {__name__=\"up\", a=\"1\", a=\"2\"}, duplicated label a",
            "TimeSeries must contain at least one sample or histogram for series {__name__=\"empty\"}",
            "out of order sample for series {__name__=\"m1\"}",
            "too old sample for series {__name__=\"m2\"}",
            "duplicate sample for timestamp for series {__name__=\"m3\"}",
            "out of bounds for series {__name__=\"m4\"}",
            "invalid histogram for series {__name__=\"h\"}",
            "out of bounds: timestamp is too far in the future for series {__name__=\"ahead\"}")
        .anyMatch(
            l -> l.matches("parsing labels for series \\[[0-9 ]+\\]: invalid labelRefs length 3"));
    assertThat(counts)
        .containsEntry("prometheus_api_remote_write_invalid_labels_samples_total", 5.0);
  }

  @Test
  void aReferenceToASymbolThatThereIsNotIsNamed() throws IOException {
    Second request = new Second();
    request.series(new Proto().varint(1, 1).varint(1, 999), new Proto().append(sample2(NOW, 1, 0)));
    Answer response = send(request);
    assertThat(written(response)).isEqualTo("400 0 0 0");
    assertThat(response.text())
        .isEqualTo(
            "parsing labels for series [1 999]: labelRefs 1 (name) = 999 (value) outside of symbols"
                + " table (size 1)\n");
  }

  @Test
  void theReasonsOfAResponseAreBounded() throws IOException {
    Second request = new Second();
    for (int i = 0; i < 1000; i++) {
      request.series(request.refs("job", "a"), sample2(NOW, 1, 0));
    }
    String text = send(request).text();
    assertThat(text.lines()).hasSize(101);
    assertThat(text).endsWith("900 more were refused\n");
  }

  /** A Prometheus sends exemplars in a series of their own. */
  @Test
  void exemplarsWithoutSampleGoToTheSampleOfTheirSeries() throws IOException {
    newest.put(Labels.of("__name__", "stored", "more", "x"), 2.0);
    newest.put(Labels.of("__name__", "stored"), 3.0);
    Second request = new Second();
    request.series(request.refs("__name__", "up"), exemplar2(request, NOW, "trace", "x"));
    request.series(request.refs("__name__", "up"), sample2(NOW, 1, 0));
    request.series(request.refs("__name__", "stored"), exemplar2(request, NOW, "trace", "y"));
    request.series(request.refs("__name__", "nowhere"), exemplar2(request, NOW, "trace", "z"));
    Answer response = send(request);
    assertThat(written(response)).isEqualTo("400 1 0 2");
    assertThat(response.text().lines())
        .containsExactly(
            "TimeSeries must contain at least one sample or histogram for series"
                + " {__name__=\"nowhere\"}");
    assertThat(exemplars)
        .containsExactlyInAnyOrder(
            "{__name__=\"up\"} " + NOW + " {trace=\"x\"}",
            "{__name__=\"stored\"} " + (NOW - 7) + " {trace=\"y\"}");
  }

  /** Other senders wait for an append, so none may have all rows of a large request. */
  @Test
  void aLargeRequestIsAppendedInParts() throws IOException {
    int most = WriteStore.MAX_APPENDED;
    forget = 1;
    Second request = new Second();
    Proto[] parts = new Proto[2 * most + 3];
    for (int i = 0; i <= 2 * most; i++) {
      parts[i + 1] = sample2(NOW - 3 * most + i, i, 0);
    }
    parts[2 * most + 2] = exemplar2(request, NOW, "trace", "x");
    parts[0] = request.refs("__name__", "up");
    request.series(parts);
    request.series(
        request.refs("__name__", "other"),
        sample2(NOW, 1, 0),
        exemplar2(request, NOW, "trace", "y"));
    assertThat(written(send(request))).isEqualTo("204 " + (2 * most + 2) + " 0 2");
    assertThat(appended)
        .as("the first again, and of the last what was forgotten by then")
        .containsExactly(most, most, most, 2, 1);
    assertThat(stored).hasSize(2 * most + 2).doesNotHaveDuplicates();
    assertThat(stored.getLast()).startsWith("{__name__=\"other\"} " + NOW);
    assertThat(exemplars)
        .containsExactly(
            "{__name__=\"up\"} " + (NOW - most) + " {trace=\"x\"}",
            "{__name__=\"other\"} " + NOW + " {trace=\"y\"}");
  }

  @Test
  void exemplarsThatAreRefusedAreNotCountedAsWritten() throws IOException {
    rejectedExemplars = 1;
    Second request = new Second();
    request.series(
        request.refs("__name__", "up"),
        sample2(NOW, 1, 0),
        exemplar2(request, NOW, "trace", "x"),
        exemplar2(request, NOW, "trace", "x".repeat(200)),
        exemplar2(request, NOW - 1, "trace", "y"));
    Answer response = send(request);
    assertThat(written(response)).isEqualTo("400 1 0 1");
    assertThat(response.text()).isEqualTo("out of order exemplar (1)\n");
    request = new Second();
    request.series(
        request.refs("__name__", "up"), sample2(NOW, 1, 0), exemplar2(request, NOW, "trace", "x"));
    assertThat(send(request).text())
        .isEqualTo("out of order exemplar for series {__name__=\"up\"}\n");
  }

  @Test
  void aRefusalThatSendersRepeatSaysThatNothingWasWritten() throws IOException {
    forget = 10;
    Second request = new Second();
    request.series(request.refs("__name__", "up"), sample2(NOW, 1, 0));
    Answer response = send(request);
    assertThat(written(response)).isEqualTo("503 0 0 0");
    assertThat(response.headers()).containsKey("Retry-After");
  }

  /** Never 400: senders drop what is refused with that. */
  @Test
  void whileAStorageIsReplacedSendersAreToComeAgain() throws IOException {
    fails = new StorageException.Closed("the storage is being replaced");
    byte[] first = snappy(new Proto().nested(1, series("up", sample(NOW))).toBytes());
    Second request = new Second();
    request.series(request.refs("__name__", "up"), sample2(NOW, 1, 0));
    for (Answer response : List.of(send(first), send(request))) {
      assertThat(response.status()).isEqualTo(503);
      assertThat(response.headers()).containsKey("Retry-After");
    }
    fails = null;
    assertThat(send(first).status()).isEqualTo(204);
  }

  @Test
  void aKnownSeriesIsNotResolvedAgainUnlessItWasForgotten() throws IOException {
    byte[] first = snappy(new Proto().nested(1, series("up", sample(NOW))).toBytes());
    assertThat(send(first).status()).isEqualTo(204);
    assertThat(send(first).status()).isEqualTo(204);
    Second request = new Second();
    request.series(request.refs("__name__", "up"), sample2(NOW, 1, 0));
    assertThat(send(request).status()).isEqualTo(204);
    assertThat(resolved).isEqualTo(1);
    assertThat(stored).hasSize(3);
    forget = 1;
    assertThat(send(request).status()).isEqualTo(204);
    assertThat(send(first).status()).isEqualTo(204);
    assertThat(resolved).isEqualTo(2);
    assertThat(stored).hasSize(5);
  }

  @Test
  void anotherValueAtATimeIsShownAlongsideTheStoredOne() throws IOException {
    codes.put(NOW - 7, AppendResult.DUPLICATE);
    newest.put(Labels.of("__name__", "up"), 2.0);
    Second request = new Second();
    request.series(request.refs("__name__", "up"), sample2(NOW - 7, 7.5, 0));
    assertThat(send(request).text())
        .isEqualTo(
            "duplicate sample for timestamp "
                + (NOW - 7)
                + "; overrides not allowed: existing 2, new value 7.5 for series {__name__=\"up\"}\n");
  }

  /** The answer may have been lost, or the first attempt ended after a part was stored. */
  @Test
  void aRequestThatIsRepeatedIsStoredAlready() throws IOException {
    codes.put(NOW - 7, AppendResult.OUT_OF_ORDER);
    newest.put(Labels.of("__name__", "up"), 1.5);
    newest.put(Labels.of("__name__", "other"), 2.0);
    byte[] repeated = snappy(new Proto().nested(1, series("up", sample(NOW - 7))).toBytes());
    assertThat(send(repeated).status()).isEqualTo(204);
    byte[] late = snappy(new Proto().nested(1, series("other", sample(NOW - 7))).toBytes());
    Answer response = send(late);
    assertThat(response.status()).isEqualTo(400);
    assertThat(response.text())
        .isEqualTo("out of order sample for series {__name__=\"other\"} at " + (NOW - 7) + "\n");
    Second request = new Second();
    request.series(request.refs("__name__", "up"), sample2(NOW - 7, 1.5, 0), sample2(NOW, 2, 0));
    assertThat(written(send(request))).isEqualTo("204 2 0 0");
  }

  /** A search for each series would take longer than a sender waits. */
  @Test
  void samplesOfARepeatedRequestAreLookedUpWithoutASearch() throws IOException {
    looksUp = true;
    codes.put(NOW - 7, AppendResult.OUT_OF_ORDER);
    Proto request = new Proto();
    for (int i = 0; i < 3000; i++) {
      request.nested(1, series("up" + i, sample(NOW - 7)));
    }
    assertThat(send(snappy(request.toBytes())).status()).isEqualTo(204);
    assertThat(lookedUp).containsExactly(512, 512, 512, 512, 512, 440);
  }
}
