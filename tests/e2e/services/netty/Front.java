// SPDX-License-Identifier: GPL-2.0-only

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.pool.AbstractChannelPoolHandler;
import io.netty.channel.pool.ChannelPool;
import io.netty.channel.pool.FixedChannelPool;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.AttributeKey;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The front of the link tests on Netty. A request makes CALLS calls, one after the other, over a pool of connections. HOW says where:
 *
 * <pre>
 *	loop      on the event loop of the request, which has a pool of its own
 *	other     on event loops of the client's, with one pool for all
 *	executor  the same; a thread of an executor begins each
 * </pre>
 */
public final class Front {
	private static final int LOOPS = 2;
	private static final int CONNECTIONS = 16;
	private static final int THREADS = 8;
	private static final int BODY_MAX = 65536;
	private static final AttributeKey<Runnable> THEN = AttributeKey.valueOf("then");

	private final URI backend = URI.create(System.getenv("BACKEND"));
	private final String how = env("HOW", "loop");
	private final int calls = Integer.parseInt(env("CALLS", "1"));
	private final EventLoopGroup others = new NioEventLoopGroup(LOOPS);
	private final ExecutorService executor = Executors.newFixedThreadPool(THREADS);
	private final Map<EventLoop, ChannelPool> poolOfLoop = new ConcurrentHashMap<>();
	private final ChannelPool poolOfAll = pool(others);
	private final OutputStream truth;

	private Front() throws IOException {
		truth = new FileOutputStream(env("TRUTH", "/dev/null"), true);
	}

	private static String env(String name, String otherwise) {
		String v = System.getenv(name);
		return v == null || v.isEmpty() ? otherwise : v;
	}

	/** What is to be done when an answer is whole. */
	private static final class Answers extends SimpleChannelInboundHandler<FullHttpResponse> {
		@Override
		protected void channelRead0(ChannelHandlerContext ctx, FullHttpResponse answer) {
			ctx.channel().attr(THEN).getAndSet(null).run();
		}
	}

	private ChannelPool pool(EventLoopGroup loops) {
		Bootstrap client = new Bootstrap().group(loops).channel(NioSocketChannel.class).option(ChannelOption.TCP_NODELAY, true)
			.remoteAddress(new InetSocketAddress(backend.getHost(), backend.getPort()));
		return new FixedChannelPool(client, new AbstractChannelPoolHandler() {
			@Override
			public void channelCreated(Channel c) {
				c.pipeline().addLast(new HttpClientCodec(), new HttpObjectAggregator(BODY_MAX), new Answers());
			}
		}, CONNECTIONS);
	}

	private void send(ChannelPool pool, Channel c, String token, Runnable then) {
		FullHttpRequest request = new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/data/" + token);
		request.headers().set(HttpHeaderNames.HOST, backend.getAuthority());
		c.attr(THEN).set(() -> {
			pool.release(c);
			then.run();
		});
		c.writeAndFlush(request);
	}

	private void call(ChannelPool pool, String token, Runnable then) {
		pool.acquire().addListener(f -> {
			if (f.isSuccess())
				send(pool, (Channel) f.getNow(), token, then);
			else
				f.cause().printStackTrace();
		});
	}

	private void begin(ChannelHandlerContext ctx, String token, Runnable then) {
		switch (how) {
		case "other":
			call(poolOfAll, token, then);
			break;
		case "executor":
			executor.execute(() -> call(poolOfAll, token, then));
			break;
		default:
			call(poolOfLoop.computeIfAbsent(ctx.channel().eventLoop(), this::pool), token, then);
		}
	}

	/** A token for each call; the pair is in TRUTH before the call is made. */
	private String draw(String id) {
		String token = String.format("%016x", ThreadLocalRandom.current().nextLong());
		try {
			truth.write((id + " " + token + "\n").getBytes());
		} catch (IOException e) {
			throw new java.io.UncheckedIOException(e);
		}
		return token;
	}

	private static void answer(ChannelHandlerContext ctx) {
		DefaultFullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK,
			Unpooled.copiedBuffer("work\n".getBytes()));
		response.headers().set(HttpHeaderNames.CONTENT_LENGTH, response.content().readableBytes());
		ctx.writeAndFlush(response);
	}

	private void next(ChannelHandlerContext ctx, String id, int left) {
		if (left == 0)
			answer(ctx);
		else
			begin(ctx, draw(id), () -> next(ctx, id, left - 1));
	}

	private final class Requests extends SimpleChannelInboundHandler<FullHttpRequest> {
		@Override
		protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
			next(ctx, request.uri().substring(request.uri().lastIndexOf('/') + 1), calls);
		}
	}

	public static void main(String[] args) throws Exception {
		Front front = new Front();
		new ServerBootstrap().group(new NioEventLoopGroup(LOOPS)).channel(NioServerSocketChannel.class)
			.childOption(ChannelOption.TCP_NODELAY, true).childHandler(new ChannelInitializer<Channel>() {
				@Override
				protected void initChannel(Channel c) {
					c.pipeline().addLast(new HttpServerCodec(), new HttpObjectAggregator(BODY_MAX), front.new Requests());
				}
			}).bind("127.0.0.1", Integer.parseInt(env("PORT", "8080"))).sync();
	}
}
