package io.recommender.onnx;

import io.recommender.UserHistory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ProtocolFamily;
import java.net.Socket;
import java.nio.channels.DatagramChannel;
import java.nio.channels.Pipe;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.AbstractSelector;
import java.nio.channels.spi.SelectorProvider;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The program of {@link NoNetworkTest}. */
public final class NetworkGuard {
  private NetworkGuard() {}

  /** Refuses every channel. */
  public static final class Selectors extends SelectorProvider {
    /** Made by the JDK, by name. */
    public Selectors() {}

    private static IOException forbidden() {
      return new IOException("network is forbidden");
    }

    @Override
    public DatagramChannel openDatagramChannel() throws IOException {
      throw forbidden();
    }

    @Override
    public DatagramChannel openDatagramChannel(ProtocolFamily family) throws IOException {
      throw forbidden();
    }

    @Override
    public Pipe openPipe() throws IOException {
      throw forbidden();
    }

    @Override
    public AbstractSelector openSelector() throws IOException {
      throw forbidden();
    }

    @Override
    public ServerSocketChannel openServerSocketChannel() throws IOException {
      throw forbidden();
    }

    @Override
    public SocketChannel openSocketChannel() throws IOException {
      throw forbidden();
    }
  }

  /**
   * Does one thing and prints "no socket", or why not.
   *
   * @param arguments what to do, and the bundle
   */
  public static void main(String[] arguments) throws Exception {
    forbidPlainSockets();
    try {
      switch (arguments[0]) {
        case "answer" -> answer(Path.of(arguments[1]));
        case "encode" -> encode(Path.of(arguments[1]));
        case "socket" -> new Socket("127.0.0.1", 9).close();
        case "channel" -> SocketChannel.open().close();
        case "datagram" -> new DatagramSocket().close();
        case "lookup" -> lookup();
        default -> throw new IllegalArgumentException(arguments[0]);
      }
      List<String> sockets = openSockets();
      System.out.println(sockets.isEmpty() ? "no socket" : "sockets: " + sockets);
    } catch (IOException | UncheckedIOException e) {
      System.out.println(e.getMessage());
    }
  }

  @SuppressWarnings("deprecation")
  private static void forbidPlainSockets() throws IOException {
    Socket.setSocketImplFactory(
        () -> {
          throw new UncheckedIOException(new IOException("network is forbidden"));
        });
    DatagramSocket.setDatagramSocketImplFactory(
        () -> {
          throw new UncheckedIOException(new IOException("network is forbidden"));
        });
  }

  /** A hosts file without hosts replaces the name service, so that a look-up fails at once. */
  private static void lookup() throws IOException {
    try {
      InetAddress.getByName("host.invalid");
    } catch (IOException e) {
      throw new IOException("network is forbidden: " + e.getMessage(), e);
    }
  }

  private static void answer(Path bundle) {
    try (OnnxSequenceRecommender recommender = RecommenderBundle.open(bundle)) {
      if (recommender.recommend(UserHistory.of(Fixtures.IDS.get(1))).size() != 10) {
        throw new IllegalStateException("no answer");
      }
    }
  }

  private static void encode(Path bundle) {
    try (OnnxItemEncoder encoder = RecommenderBundle.openEncoder(bundle)) {
      if (encoder.encodeTexts(List.of("red shoe")).length != 1) {
        throw new IllegalStateException("no vector");
      }
    }
  }

  /** The JDK itself holds a pair of local sockets; what counts is the kernel's lists of others. */
  private static List<String> openSockets() throws IOException {
    Path descriptors = Path.of("/proc/self/fd");
    if (!Files.isDirectory(descriptors)) {
      return List.of();
    }
    StringBuilder network = new StringBuilder();
    for (String protocol : List.of("tcp", "tcp6", "udp", "udp6", "raw", "raw6", "netlink")) {
      Path list = Path.of("/proc/self/net", protocol);
      if (Files.isReadable(list)) {
        network.append(Files.readString(list));
      }
    }
    try (Stream<Path> links = Files.list(descriptors)) {
      return links
          .map(NetworkGuard::target)
          .filter(target -> target.startsWith("socket:["))
          .filter(target -> network.indexOf(" " + target.replaceAll("\\D", "") + " ") >= 0)
          .toList();
    }
  }

  private static String target(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException closedMeanwhile) {
      return "";
    }
  }
}
