"""RTSP cameras of many kinds on loopback: `/usr/bin/python3 gst_cameras.py PORT LOCKED`.

It needs GStreamer, plugins good, bad and ugly, and Python with gir1.2-gst-rtsp-server-1.0. The
port LOCKED has one camera, which wants a password.
"""

from __future__ import annotations

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

H264 = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max={} ! rtph264pay name=pay{} "
H264 += "config-interval=1 pt=96"
H265 = "x265enc tune=zerolatency speed-preset=ultrafast key-int-max={} ! h265parse ! rtph265pay "
H265 += "name=pay{} config-interval=1 pt=96"
SOUND = "audiotestsrc is-live=true ! alawenc ! rtppcmapay name=pay{} pt=8"
MANY = 12


def video(width: int, height: int, fps: int) -> str:
    source = "videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420"
    return f"{source},width={width},height={height},framerate={fps}/1 ! "


def serve(port: str, paths: dict[str, str]) -> GstRtspServer.RTSPServer:
    """Serve cameras by path, each described as GStreamer launches it."""
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    for path, launch in paths.items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(f"( {launch} )")
        factory.set_shared(True)
        if path == "/udponly":
            factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP)
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_permission_for_role("user", "media.factory.access", True)
        permissions.add_permission_for_role("user", "media.factory.construct", True)
        factory.set_permissions(permissions)
        server.get_mount_points().add_factory(path, factory)
    return server


def main(port: str, locked_port: str) -> None:
    Gst.init(None)
    usual = video(640, 480, 15) + H264.format(30, 0)
    many = {f"/many/{n}": video(640, 480, 10) + H264.format(20, 0) for n in range(MANY)}
    free = serve(
        port,
        {
            "/tcp": usual,
            "/udponly": usual,
            "/audiofirst": f"{SOUND.format(0)} {video(640, 480, 15)}{H264.format(30, 1)}",
            "/fps1": video(640, 480, 1) + H264.format(4, 0),
            "/longgop": video(640, 480, 10) + H264.format(120, 0),
            "/h265": video(1280, 720, 10) + H265.format(20, 0),
            "/mjpeg": f"{video(640, 480, 15)}jpegenc ! rtpjpegpay name=pay0 pt=26",
            **many,
        },
    )
    locked = serve(locked_port, {"/digest": usual})
    users, token = GstRtspServer.RTSPAuth(), GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    users.add_digest("admin", "p@ss:w#rd/%", token)
    users.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    locked.set_auth(users)
    for server in (free, locked):
        server.attach(None)
    print("ready", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(*sys.argv[1:3])
