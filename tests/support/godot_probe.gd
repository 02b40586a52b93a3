# What tests ask of Godot: window.godot(method, arguments...) leaves its answer in window.answer.
extends Node

var texture: TextureRect
var companion: TextureRect
var window := JavaScriptBridge.get_interface("window")
var entry := JavaScriptBridge.create_callback(_answer)


func _ready() -> void:
	window.godot = entry


func _answer(arguments: Array) -> void:
	window.answer = callv(arguments[0], arguments.slice(1))


## Shows a scene alone and holds its texture, which is the scene or in it, before the first frame.
func open(path: String) -> void:
	for child in get_tree().root.get_children():
		if child != self:
			child.free()
	companion = null
	var scene: Node = load(path).instantiate()
	texture = scene if scene is TextureRect else scene.get_node("Texture")
	texture.playing = false
	get_tree().root.add_child(scene)


## Another texture beside the first, of other masks.
func accompany(path: String) -> void:
	companion = load(path).instantiate()
	companion.playing = false
	companion.mask_seed = 1
	get_tree().root.add_child(companion)


func resize(width: int, height: int) -> void:
	texture.cells = Vector2i(width, height)


func show_detail(pixels: int) -> void:
	texture.detail = pixels


func begin(mask_seed: int) -> void:
	texture.mask_seed = mask_seed
	texture.restart()


func play(playing: bool) -> void:
	texture.playing = playing


func steps() -> int:
	return texture.steps


func wipe(column: int, row: int, radius: int) -> void:
	texture.wipe(Vector2i(column, row), radius)


func draw(frames: int) -> void:
	for frame in frames:
		texture.step()
		if companion:
			companion.step()
		RenderingServer.force_draw(false)


func redraw() -> void:
	RenderingServer.force_draw(false)


func hole() -> int:
	return texture._hole.z


func screen() -> String:
	return Marshalls.raw_to_base64(get_tree().root.get_texture().get_image().get_data())


func picture() -> String:
	return Marshalls.raw_to_base64(texture.texture.get_image().get_data())


## A byte of each value plus 2048: Godot gives half floats back only between 0 and 1.
func bytes(shift: int) -> String:
	$Bytes.size = texture.newest.size
	$Bytes/Values.material.set_shader_parameter("state", texture.newest.get_texture())
	$Bytes/Values.material.set_shader_parameter("shift", shift)
	$Bytes.render_target_update_mode = SubViewport.UPDATE_ONCE
	RenderingServer.force_draw(false)
	return Marshalls.raw_to_base64($Bytes.get_texture().get_image().get_data())
