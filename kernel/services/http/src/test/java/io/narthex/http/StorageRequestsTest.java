package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.airlift.compress.v3.snappy.SnappyJavaCompressor;
import io.narthex.http.WriteRequestReaderTest.Proto;
import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.service.query.QueryEngine;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.DeletableStorage;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SnapshotStorage;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What changes the storage from outside, over real connections. */
class StorageRequestsTest extends AccessHarness {
  private final List<String> seen = new ArrayList<>();

  @BeforeEach
  void store() {
    DeletableStorage deletable =
        fake(
            DeletableStorage.class,
            (name, a) -> {
              seen.add(name);
              return null;
            });
    SnapshotStorage snapshots =
        fake(
            SnapshotStorage.class,
            (name, a) -> {
              seen.add(name + " " + a[0]);
              return "20260101T000000Z-0123456789abcdef";
            });
    storage =
        (name, a) ->
            switch (name) {
              case "resolve" -> {
                seen.add("resolve " + (Labels) a[0]);
                yield 1L;
              }
              case "append" -> {
                seen.add("append " + ((SampleBatch) a[0]).size());
                yield AppendResult.ALL_OK;
              }
              case "tryHold" -> true;
              case "capability" -> a[0] == SnapshotStorage.class ? snapshots : deletable;
              default -> null;
            };
  }

  private HttpRequest.Builder write() {
    byte[] message =
        new Proto()
            .nested(
                1,
                new Proto()
                    .nested(1, WriteRequestReaderTest.label("__name__", "up"))
                    .nested(2, new Proto().number(1, 1.5).varint(2, 1000)))
            .toBytes();
    SnappyJavaCompressor c = new SnappyJavaCompressor();
    byte[] out = new byte[c.maxCompressedLength(message.length)];
    int n = c.compress(message, 0, message.length, out, 0, out.length);
    return to("/api/v1/write").POST(BodyPublishers.ofByteArray(Arrays.copyOf(out, n)));
  }

  @Test
  void remoteWriteIsStoredWhenItIsSwitchedOn() throws Exception {
    start();
    assertThat(send(write()).statusCode()).isEqualTo(404);
    assertThat(seen).isEmpty();
    flags.put("web.enable-remote-write-receiver", "true");
    HttpResponse<String> stored =
        send(
            write()
                .header("Content-Type", "application/x-protobuf")
                .header("Content-Encoding", "snappy"));
    assertThat(stored.statusCode()).as(stored.body()).isEqualTo(204);
    assertThat(seen).containsExactly("resolve {__name__=\"up\"}", "append 1");
  }

  /** Senders of old leave the media type out, as a page can: where it comes from decides. */
  @Test
  void pagesOfOthersWriteNoSamples() throws Exception {
    flags.put("web.enable-remote-write-receiver", "true");
    start();
    assertThat(send(write()).statusCode()).isEqualTo(204);
    seen.clear();
    assertThat(send(write().header("Origin", "http://evil.example")).statusCode()).isEqualTo(403);
    assertThat(send(write().header("Sec-Fetch-Site", "cross-site")).statusCode()).isEqualTo(403);
    assertThat(seen).isEmpty();
    assertThat(refusals("cross_origin")).isEqualTo(2);
  }

  private int admin(String path) throws Exception {
    return send(to("/api/v1/admin/tsdb/" + path)
            .header("Authorization", "Bearer " + TOKEN)
            .POST(BodyPublishers.noBody()))
        .statusCode();
  }

  @Test
  void seriesAreDeletedWhenThatIsSwitchedOn() throws Exception {
    start();
    Objects.requireNonNull(server).query =
        fake(QueryEngine.class, (name, a) -> List.of(Matcher.equal("__name__", (String) a[0])));
    String delete = "delete_series?match%5B%5D=up";
    assertThat(admin(delete)).isEqualTo(500);
    assertThat(admin("clean_tombstones")).isEqualTo(500);
    assertThat(seen).isEmpty();
    flags.put("web.enable-admin-api", "true");
    assertThat(admin("delete_series")).isEqualTo(400);
    assertThat(admin(delete + "&start=20&end=10")).isEqualTo(400);
    assertThat(seen).isEmpty();
    assertThat(admin(delete)).isEqualTo(204);
    assertThat(admin("clean_tombstones")).isEqualTo(204);
    assertThat(seen).containsExactly("delete", "cleanTombstones");
  }

  @Test
  void aSnapshotIsMadeWhenThatIsSwitchedOn() throws Exception {
    start();
    assertThat(admin("snapshot")).isEqualTo(500);
    assertThat(seen).isEmpty();
    flags.put("web.enable-admin-api", "true");
    HttpResponse<String> made =
        send(
            to("/api/v1/admin/tsdb/snapshot")
                .header("Authorization", "Bearer " + TOKEN)
                .PUT(BodyPublishers.noBody()));
    assertThat(made.body())
        .isEqualTo(
            "{\"status\":\"success\",\"data\":{\"name\":\"20260101T000000Z-0123456789abcdef\"}}");
    assertThat(admin("snapshot?skip_head=true")).isEqualTo(200);
    assertThat(admin("snapshot?skip_head=maybe")).isEqualTo(400);
    assertThat(seen).containsExactly("snapshot false", "snapshot true");
  }
}
