package io.narthex.http;

import io.airlift.compress.v3.MalformedInputException;
import io.airlift.compress.v3.snappy.SnappyJavaDecompressor;
import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.storage.StorageGate;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The remote write 1.0 receiver: {@code POST /api/v1/write}, switched on by a flag. */
@Path("/api/v1/write")
public final class WriteApi {
  private static final int MAX_DECODED = 32 << 20;
  private static final long FUTURE_MS = 600_000;

  private final StorageGate storage;
  private final ServerInfo server;
  private final Metrics.Counter invalidLabels;

  WriteApi(StorageGate storage, ServerInfo server, Metrics metrics) {
    this.storage = storage;
    this.server = server;
    invalidLabels =
        metrics.counter(
            "prometheus_api_remote_write_invalid_labels_samples_total",
            "The total number of received remote write samples and histogram samples which contained invalid labels.");
  }

  private static Response text(int status, String text) {
    return Response.status(status).entity(text + "\n").type(MediaType.TEXT_PLAIN_TYPE).build();
  }

  /** Takes a write request. */
  @POST
  @Consumes(MediaType.WILDCARD)
  public Response write(@Context HttpServletRequest request, InputStream body) throws IOException {
    if (!server.enabled("web.enable-remote-write-receiver")) {
      return text(
          404, "remote write receiver needs to be enabled with --web.enable-remote-write-receiver");
    }
    String type =
        request.getContentType() == null
            ? "application/x-protobuf"
            : request.getContentType().toLowerCase(Locale.ROOT).replace(" ", "");
    if (!type.startsWith("application/x-protobuf")
        || (type.contains("proto=") && !type.contains("proto=prometheus.writerequest"))) {
      return text(
          415,
          "unsupported content type \""
              + request.getContentType()
              + "\"; this receiver takes application/x-protobuf;proto=prometheus.WriteRequest");
    }
    String encoding = request.getHeader("Content-Encoding");
    if (encoding != null && !encoding.isEmpty() && !encoding.equals("snappy")) {
      return text(
          415,
          encoding
              + " encoding (compression) is not accepted by this server; only snappy is acceptable");
    }
    byte[] compressed = body.readNBytes(MAX_DECODED + 1);
    byte[] message;
    int length;
    try {
      SnappyJavaDecompressor snappy = new SnappyJavaDecompressor();
      length = snappy.getUncompressedLength(compressed, 0);
      if (length < 0 || compressed.length > MAX_DECODED) {
        return text(400, "snappy: corrupt input: it is too long or announces a negative length");
      }
      if (length > MAX_DECODED) {
        return text(
            400,
            "snappy: decoded length "
                + length
                + " is above the limit of "
                + MAX_DECODED
                + " bytes");
      }
      message = new byte[length];
      length = snappy.decompress(compressed, 0, compressed.length, message, 0, message.length);
    } catch (MalformedInputException | IndexOutOfBoundsException | IllegalArgumentException e) {
      return text(400, "snappy: corrupt input: " + e.getMessage());
    }
    return append(message, length);
  }

  private Response append(byte[] message, int length) {
    SampleBatch batch = new SampleBatch(4096);
    List<Labels> series = new ArrayList<>();
    List<Integer> firstRow = new ArrayList<>();
    long latest = System.currentTimeMillis() + FUTURE_MS;
    String[] problem = {""};
    try {
      WriteRequestReader.read(
          message,
          length,
          (labels, timesMs, values, histogramTimes, histograms, exemplars) -> {
            if (labels.isEmpty() || labels.metricName().isEmpty()) {
              invalidLabels.add(timesMs.length + histogramTimes.length);
              return;
            }
            long ref = storage.resolve(labels);
            series.add(labels);
            firstRow.add(batch.size());
            for (int i = 0; i < timesMs.length; i++) {
              if (timesMs[i] > latest) {
                problem[0] =
                    "out of bounds: timestamp "
                        + timesMs[i]
                        + " is more than 10 minutes in the future";
              } else {
                batch.add(ref, timesMs[i], values[i]);
              }
            }
            for (int i = 0; i < histogramTimes.length; i++) {
              batch.add(ref, histogramTimes[i], histograms.get(i));
            }
            if (batch.size() > firstRow.getLast()) {
              for (Exemplar e : exemplars) {
                batch.exemplar(batch.size() - 1, e);
              }
            }
          });
    } catch (WriteRequestReader.MalformedException e) {
      return text(400, "proto: " + e.getMessage());
    }
    AppendResult result = storage.append(batch);
    if (!result.allOk()) {
      for (int row = 0; row < batch.size() && problem[0].isEmpty(); row++) {
        problem[0] = problem(result.code(row));
        if (!problem[0].isEmpty()) {
          int at = firstRow.size() - 1;
          while (at > 0 && firstRow.get(at) > row) {
            at--;
          }
          problem[0] += " for series " + series.get(at) + " at " + batch.timeMs(row);
        }
      }
    }
    return problem[0].isEmpty() ? Response.noContent().build() : text(400, problem[0]);
  }

  private static String problem(byte code) {
    return switch (code) {
      case AppendResult.OUT_OF_ORDER -> "out of order sample";
      case AppendResult.DUPLICATE -> "duplicate sample for timestamp";
      case AppendResult.OUT_OF_BOUNDS -> "out of bounds";
      case AppendResult.TOO_OLD -> "too old sample";
      case AppendResult.INVALID_HISTOGRAM -> "invalid histogram";
      case AppendResult.UNKNOWN_SERIES ->
          "the storage was replaced during the request; send it again";
      default -> "";
    };
  }
}
